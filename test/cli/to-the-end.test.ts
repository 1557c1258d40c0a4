import { toTheEnd } from '../../src/cli/to-the-end';
import type { Output } from '../../src/cli/output';

describe('a teardown that a signal meets', () => {
  const run = async (code: number, ...signals: NodeJS.Signals[]): Promise<{ code: number; said: string[] }> => {
    const said: string[] = [];
    const output = { urgent: (text: string) => void said.push(text) } as unknown as Output;
    const work = (): Promise<number> => {
      for (const signal of signals) process.emit(signal);
      return Promise.resolve(code);
    };
    return { code: await toTheEnd(output, 'it goes on', work), said };
  };
  const listeners = (): number => process.listenerCount('SIGINT') + process.listenerCount('SIGHUP');

  it('goes on, says so each time, and ends with the code of the first', async () => {
    const before = listeners();
    const said = ['SIGTERM: it goes on', 'SIGINT again: it goes on'];
    expect(await run(0, 'SIGTERM', 'SIGINT')).toEqual({ code: 143, said });
    expect(listeners()).toBe(before);
  });

  it('ends with 7 where something may still be alive, and as ever without a signal', async () => {
    expect((await run(7, 'SIGINT')).code).toBe(7);
    expect(await run(0)).toEqual({ code: 0, said: [] });
  });
});
