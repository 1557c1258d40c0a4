/**
 * The engine that cvicast is built and tested with: the one place that says so. The Automation API in package.json has
 * the same version.
 */
export const engineVersion = '3.220.0';

/** Whether an engine of this version serves too: the same major, and not older. Accepts `v3.220.0` and `3.221.0-dev.1`. */
export function isUsableVersion(version: string): boolean {
  const found = numbersOf(version);
  const wanted = numbersOf(engineVersion);
  if (found === null || wanted === null || found[0] !== wanted[0]) return false;
  return found[1] > wanted[1] || (found[1] === wanted[1] && found[2] >= wanted[2]);
}

function numbersOf(version: string): [number, number, number] | null {
  const match = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version.trim());
  return match === null ? null : [Number(match[1]), Number(match[2]), Number(match[3])];
}
