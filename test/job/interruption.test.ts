import { Interruption } from '../../src/job/interruption';

describe('what is on its way home', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());
  const time = new Error('the time is over');

  test('has its grace when the work is wound up', () => {
    const interruption = new Interruption('cv-1', () => undefined);
    interruption.windUp(time, 30);
    expect(interruption.signal.reason).toBe(time);
    jest.advanceTimersByTime(29_000);
    expect(interruption.homeward.aborted).toBe(false);
    jest.advanceTimersByTime(1000);
    expect(interruption.homeward.reason).toBe(time);
  });

  test('is given up at once with the work', () => {
    const interruption = new Interruption('cv-1', () => undefined);
    interruption.stop(time);
    expect([interruption.signal.reason, interruption.homeward.reason]).toEqual([time, time]);
  });

  test('is given up at the Ctrl-C of somebody who does not want to wait; why the work ended stays', () => {
    const heard: unknown[] = [];
    const interruption = new Interruption('cv-1', (...heardNow) => void heard.push(heardNow)).listen();
    try {
      interruption.windUp(time, 30);
      process.emit('SIGINT');
      expect(heard).toEqual([['SIGINT', 0]]);
      expect(interruption.homeward.reason).toMatchObject({ code: 'interrupted', exit: 'SIGINT' });
      jest.advanceTimersByTime(60_000);
      expect(interruption.signal.reason).toBe(time);
    } finally {
      interruption.release();
    }
  });
});

describe('an error that nobody catches', () => {
  test.each(['uncaughtException', 'unhandledRejection'] as const)(
    '%s: ends the work like a signal, and is kept to be told',
    (event) => {
      const interruption = new Interruption('cv-1', () => undefined).listen();
      const [first, second] = [new Error('the first'), new Error('the second')];
      try {
        expect(interruption.fault).toBe(null);
        for (const thrown of [first, second]) process.emit(event as 'uncaughtException', thrown);
        expect(interruption.signal.reason).toBe(first);
        expect(interruption.homeward.reason).toBe(first);
        expect(interruption.fault).toBe(first);
      } finally {
        interruption.release();
      }
      expect(process.listeners(event as 'uncaughtException')).not.toContain(interruption['onFault']);
    },
  );
});
