import { Clock } from './core/clock';

describe('the clock of a stand-in', () => {
  it('fires what is due when time is let pass, in order, and nothing else', () => {
    const clock = new Clock();
    const fired: string[] = [];
    const at = (minutes: number, name: string) => clock.at(clock.now() + minutes * 60_000, () => fired.push(name));
    at(30, 'second');
    at(10, 'first');
    at(90, 'never');
    clock.cancel(at(20, 'cancelled'));
    clock.advance(60);
    expect(fired).toEqual(['first', 'second']);
    clock.stop();
    clock.advance(60);
    expect(fired).toEqual(['first', 'second']);
  });

  it('fires by itself when the moment comes', async () => {
    const clock = new Clock();
    await new Promise<void>((resolve) => clock.at(clock.now() + 5, resolve));
    clock.stop();
  });
});
