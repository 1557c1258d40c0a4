import { UserError } from '../../src/errors';
import { CommandFailure } from '../../src/engine/command';
import { plain, reasonIn, translate } from '../../src/engine/errors';
import { useSmallDisk, whyNoDisk } from '../_helpers/small-disk';
import { troubleIn, troubleText } from '../../src/engine/trouble';

const failure = (stderr: string, signal: NodeJS.Signals | null = null) =>
  new CommandFailure('up', { stdout: '', stderr, code: 255, signal });

test.each([
  ['error: incorrect passphrase', 'wrong-passphrase'],
  [
    "error: no resource plugin 'pulumi-resource-aws' found in the workspace at version v7.48.0 or on your $PATH",
    'plugin-missing',
  ],
  ['error: could not download plugin: 403 HTTP error', 'plugin-missing'],
  ['error: the stack is currently locked by 1 lock(s). Either wait', 'stack-locked'],
  ['error: [409] Conflict: Another update is currently in progress.', 'stack-locked'],
  ['error: problem logging in: Unauthorized: No credentials provided or are invalid.', 'backend-login'],
  [
    'error: problem logging in: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions',
    'backend-login',
  ],
  ['write state.json: no space left on device', 'disk-full'],
  [
    'error: closing transport due to: connection error: desc = "error reading from server: EOF", received prior goaway',
    'plugin-died',
  ],
  ['error: creating EC2 Instance: VcpuLimitExceeded: more than 0', 'engine-failed'],
])('%s → %s', (stderr, code) => {
  const error = translate(failure(stderr), 'cv-1') as UserError;
  expect(error).toBeInstanceOf(UserError);
  expect(error).toMatchObject({ code, exit: 'provider' });
  expect(error.what).not.toBe('');
  expect(error.fix).not.toBe('');
});

test("the cloud's own message is the reason, taken from the diagnostics and not from the engine's chatter", () => {
  const diagnostics = [
    'error: 1 error occurred:\n\t* creating urn:pulumi:j::cvicast::aws:ec2/instance:Instance::machine: InsufficientInstanceCapacity: no c7i.large in eu-central-1a\n',
    'update failed',
  ];
  const error = translate(failure('Updating (j)…\nResources: 1 unchanged'), 'cv-1', diagnostics) as UserError;
  expect(error.why).toContain('InsufficientInstanceCapacity: no c7i.large in eu-central-1a');
  expect(error.why).not.toMatch(/urn:|update failed|Updating/);
});

test('an engine that a signal ended says so, and how to end what it may have made', () => {
  expect(translate(failure('', 'SIGKILL'), 'cv-1')).toMatchObject({
    code: 'engine-killed',
    fix: expect.stringContaining('cvicast down cv-1') as unknown,
  });
});

test('what is not of the engine passes through', () => {
  const other = new TypeError('x');
  expect(translate(other, 'cv-1')).toBe(other);
});

test('an error of our own provider survives the way through the engine', () => {
  const mine = new UserError({
    code: 'sshd-missing',
    what: 'A machine\ncannot be',
    why: 'no sshd: x',
    fix: 'install it',
    exit: 'provider',
  });
  const heard = `error: cvicast-local:index:Machine resource 'machine' has a problem: rpc error: code = Unknown desc = ${troubleText(mine)}\n  more`;
  expect(translate(failure(''), 'cv-1', [heard])).toMatchObject({
    code: 'sshd-missing',
    what: 'A machine cannot be',
    why: 'no sshd: x',
    fix: 'install it',
    exit: 'provider',
  });
  expect(troubleIn('why: because')).toBeNull();
});

test('reasons are short, plain and without repetition', () => {
  expect(plain('<{%fg 1%}>error<{%reset%}>: \u001b[31mno\u001b[0m')).toBe('error: no');
  expect(reasonIn('error: a\nerror: a\n\nupdate failed\n')).toBe('a');
  expect(reasonIn('Logging in using access token from PULUMI_ACCESS_TOKEN\nerror: a')).toBe('a');
  expect(reasonIn('  \n')).toBe('it gave no reason');
  expect(reasonIn('x'.repeat(5000)).length).toBeLessThan(1000);
});

(whyNoDisk === null ? describe : describe.skip)('an engine whose disk is full', () => {
  const disk = useSmallDisk(4 << 20);

  test('could not say so: its silence is read so, and only while it is full', () => {
    expect(translate(failure(''), 'cv-1', [], disk.file(''))).toMatchObject({ code: 'engine-failed' });
    disk.fill();
    expect(translate(failure(''), 'cv-1', [], disk.file(''))).toMatchObject({
      code: 'disk-full',
      fix: expect.stringContaining('make room') as unknown,
    });
    expect(translate(failure('error: 401 Unauthorized'), 'cv-1', [], disk.file(''))).toMatchObject({
      why: '401 Unauthorized',
    });
  });
});
