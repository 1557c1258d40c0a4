import { exitCode } from '../errors';
import type { StopSignal } from '../job/interruption';
import type { Output } from './output';

/**
 * Runs what must not stop half-way, whatever signal comes: each is answered by a line that says what goes on. Answers the
 * first signal's exit code, unless something may still be alive: that is the greater news.
 */
export async function toTheEnd(output: Output, goesOn: string, work: () => Promise<number>): Promise<number> {
  const heard: StopSignal[] = [];
  const handlers = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((name) => {
    const handler = (): void => {
      output.urgent(`${name}${heard.length === 0 ? '' : ' again'}: ${goesOn}`);
      heard.push(name);
    };
    process.on(name, handler);
    return [name, handler] as const;
  });
  try {
    const code = await work();
    const [first] = heard;
    return first === undefined || code === exitCode.alive ? code : exitCode[first];
  } finally {
    for (const [name, handler] of handlers) process.off(name, handler);
  }
}
