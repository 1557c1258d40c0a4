/** Positions of height and width in an input's shape: `[N, C, H, W]`, or `[N, H, W, C]` when the last is 1 or 3. */
export function pictureAxes(shape: readonly (number | string)[]): { height: number; width: number; channels: number } {
  const last = shape[3] === 3 || shape[3] === 1;
  return last && shape[1] !== 3 && shape[1] !== 1
    ? { height: 1, width: 2, channels: 3 }
    : { height: 2, width: 3, channels: 1 };
}
