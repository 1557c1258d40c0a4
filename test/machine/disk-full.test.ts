import { execFileSync } from 'node:child_process';
import { fullDiskThere, type ExecResult, type Machine } from '../../src/machine';
import { diskFullHere, diskFullThere } from '../../src/machine/disk-full';
import { useSmallDisk, whyNoDisk } from '../_helpers/small-disk';

/** A machine whose `df` says so. */
function machineWith(df: (argv: readonly string[]) => string): Machine {
  const exec = (argv: readonly string[]): Promise<ExecResult> =>
    Promise.resolve({ status: 0, signal: null, stdout: df(argv), stderr: '' });
  return { exec } as unknown as Machine;
}

const head = 'Filesystem     1024-blocks    Used Available Capacity Mounted on\n';

describe('a full disk on the machine', () => {
  test.each([
    ['none', '/dev/vda1 30000000 30000000 0 100% /\n'],
    ['too little to write a log', '/dev/vda1 30000000 29999000 1000 100% /\n'],
    ['more used than there is for users', '/dev/vda1 30000000 30001000 -1000 101% /var/tmp\n'],
  ])('%s is free: told', async (_, line) => {
    await expect(
      fullDiskThere(
        machineWith(() => head + line),
        '/var/tmp/x',
      ),
    ).resolves.toMatchObject({
      code: 'machine-disk-full',
      exit: 'provider',
      fix: expect.stringContaining('--disk') as string,
    });
  });

  test.each([
    ['there is room', `${head}/dev/vda1 30000000 20000000 10000000 67% /\n`],
    ['just enough', `${head}/dev/vda1 30000000 29998976 1024 100% /\n`],
    ['df said nothing', ''],
    ['df said something else', 'df: /var/tmp/x: No such file or directory\n'],
  ])('%s: another reason is looked for', async (_, text) => {
    await expect(
      fullDiskThere(
        machineWith(() => text),
        '/var/tmp/x',
      ),
    ).resolves.toBeNull();
  });

  test.each(['tar: x: Cannot write: No space left on device', 'cp: Disk quota exceeded'])('%j tells of it', (said) => {
    expect(diskFullThere(`first\n${said}\nlast`)).toMatchObject({ why: said });
  });

  test('other messages do not', () => expect(diskFullThere('cat: x: No such file or directory')).toBeNull());
});

(whyNoDisk === null ? describe : describe.skip)('a disk that fills', () => {
  const disk = useSmallDisk(4 << 20);

  test('is seen by the real df, and only while it lasts', async () => {
    const machine = machineWith(([program = '', ...args]) => execFileSync(program, args, { encoding: 'utf8' }));
    expect(await fullDiskThere(machine, disk.file(''))).toBeNull();
    disk.fill();
    expect(await fullDiskThere(machine, disk.file(''))).toMatchObject({ code: 'machine-disk-full' });
    disk.grow();
    expect(await fullDiskThere(machine, disk.file(''))).toBeNull();
  });
});

describe('a full disk here', () => {
  test.each(['ENOSPC', 'EDQUOT'])('%s tells of it', (code) => {
    expect(diskFullHere(Object.assign(new Error(), { code }), '/x')).toMatchObject({ code: 'disk-full-here' });
  });
  test.each([new Error('no'), null, Object.assign(new Error(), { code: 'EACCES' })])('%s does not', (problem) => {
    expect(diskFullHere(problem, '/x')).toBeNull();
  });
});
