import { answerTo, Course } from '../../src/cli/course';
import type { JobEvent } from '../../src/job/events';
import type { JobStage } from '../../src/job/journal';

const job = 'cv-20261128-120000-7f3a9c';
let now = 0;
let course: Course;
const begun = (stage: JobStage): void => course.hear({ type: 'stage', stage, phase: 'begun' });
const ended = (stage: JobStage): void =>
  course.hear({ type: 'stage', stage, phase: 'ended', seconds: 1, result: 'interrupted' });
const progress = (stage: JobStage, note: string): void =>
  course.hear({ type: 'stage', stage, phase: 'progress', fraction: null, note } satisfies JobEvent);
const answer = (repeat: number): string => answerTo({ signal: 'SIGINT', repeat }, job, 60, course);

beforeEach(() => {
  now = 0;
  course = new Course(() => now);
});

describe('a signal that ends a job', () => {
  test('the first says what begins, and how long it takes', () => {
    begun('calibrate');
    expect(answer(0)).toBe('SIGINT: stopping, and tearing down (about 60 s)');
  });

  test('the second, before the teardown: what it waits for, since when, and the one command', () => {
    begun('up');
    progress('up', 'digitalocean:index/droplet:Droplet');
    now = 7_200;
    expect(answer(1)).toBe(
      'SIGINT again: the teardown begins when what runs now has ended (starting the machine, for 7 s now: ' +
        `digitalocean:index/droplet:Droplet); \`cvicast down ${job}\` finishes it from elsewhere`,
    );
  });

  test('both stages that run beside each other are named', () => {
    begun('send');
    begun('bootstrap');
    expect(answer(1)).toMatch(/sending model and pictures, for 0 s now; installing the toolchain, for 0 s now\)/);
  });

  test('the third, in the teardown: for how long it has been going on, and what it is at', () => {
    begun('calibrate');
    ended('calibrate');
    expect(answer(1)).toMatch(/the teardown begins in a moment/);
    now = 1000;
    begun('down');
    now = 13_000;
    expect(answer(2)).toBe(
      `SIGINT again: tearing down for 12 s now; \`cvicast down ${job}\` finishes it from elsewhere`,
    );
    progress('down', 'digitalocean:index/droplet:Droplet');
    expect(answer(2)).toMatch(/tearing down for 12 s now: digitalocean:index\/droplet:Droplet;/);
  });

  test('after the teardown nobody is told that something still lives', () => {
    begun('down');
    ended('down');
    expect(answer(3)).toMatch(/the teardown is over/);
  });
});
