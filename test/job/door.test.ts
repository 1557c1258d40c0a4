import { Door, type DoorKeeper } from '../../src/job/door';
import type { JobEvent } from '../../src/job/events';
import { factsOf, type DatedEntry } from '../../src/job/journal';

const old = '203.0.113.7/32';
const fresh = '198.51.100.9/32';

/** A door that was made for the old address; what is wanted, and what happens, can be seen and changed. */
function doorFor(keeper: Partial<DoorKeeper>) {
  const events: JobEvent[] = [];
  const opened: (readonly string[])[] = [];
  const clock = { now: 0 };
  const door = new Door(
    [old],
    {
      wanted: () => Promise.resolve([fresh]),
      open: (cidrs) => {
        opened.push(cidrs);
        return Promise.resolve();
      },
      ...keeper,
    },
    (event) => void events.push(event),
    () => clock.now,
  );
  return { door, events, opened, clock };
}

describe('the door of a machine', () => {
  test('opens for a new address alone, and says so in one line', async () => {
    const { door, events, opened } = doorFor({});
    expect(await door.look()).toBe(true);
    expect(opened).toEqual([[fresh]]);
    expect(events).toEqual([{ type: 'note', message: expect.stringContaining(`port 22 is open for ${fresh} now`) }]);
  });

  test('stays as it is while the address is what it was', async () => {
    const { door, events, opened } = doorFor({ wanted: () => Promise.resolve([old]) });
    expect(await door.look()).toBe(false);
    expect([...opened, ...events]).toEqual([]);
  });

  test('remembers for whom it was opened', async () => {
    const { door, opened, clock } = doorFor({});
    await door.look();
    clock.now = 60_000;
    expect(await door.look()).toBe(false);
    expect(opened.length).toBe(1);
  });

  test('asks for the address again later when nobody answers', async () => {
    let offline = true;
    const { door, events, clock } = doorFor({
      wanted: () => (offline ? Promise.reject(new Error('no network')) : Promise.resolve([fresh])),
    });
    expect(await door.look()).toBe(false);
    offline = false;
    expect(await door.look()).toBe(false);
    expect(events).toEqual([]);
    clock.now = 10_000;
    expect(await door.look()).toBe(true);
  });

  test('is changed once at a time', async () => {
    let go = (): void => undefined;
    const waiting = new Promise<void>((resolve) => (go = resolve));
    let begun = 0;
    const { door } = doorFor({ open: () => (begun++, waiting) });
    const looks = [door.look(), door.look()];
    let settled = false;
    const end = door.settled().then(() => (settled = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect({ begun, settled }).toEqual({ begun: 1, settled: false });
    go();
    expect(await Promise.all(looks)).toEqual([true, true]);
    await end;
  });

  test('that cannot be opened is told once, and tried again', async () => {
    const { door, events, clock } = doorFor({ open: () => Promise.reject(new Error('the token has expired')) });
    expect(await door.look()).toBe(false);
    clock.now = 10_000;
    expect(await door.look()).toBe(false);
    expect(events).toEqual([
      { type: 'warning', code: 'door-shut', message: expect.stringContaining('the token has expired') },
    ]);
  });
});

test('a journal knows for whom the door was opened last', () => {
  const at = '2026-11-28T12:00:00.000Z';
  const entries: DatedEntry[] = [
    { at, type: 'door', cidrs: [old] },
    { at, type: 'door', cidrs: [fresh] },
  ];
  expect(factsOf(entries).door).toEqual([fresh]);
  expect(factsOf([]).door).toBeNull();
});
