import * as path from 'node:path';
import { enginesOf } from '../../src/engine/locks';
import { openStack } from '../../src/engine/stack';
import type { Stack, StackOptions } from '../../src/engine/types';
import { startLocalProvider } from '../../src/local/provider';
import localStack from '../../stacks/local';
import { filesIn, holds } from '../cloud/core/find-inside';
import { useHome } from '../_helpers/home';
import { makeRequest, ssh, type TestKeys } from '../_helpers/machine-request';
import { organization, PulumiCloud } from '../_helpers/pulumi-cloud';
import { slowCloud } from '../_helpers/slow-cloud';

jest.setTimeout(300_000);

const home = useHome({ engine: true });
let service: PulumiCloud;
let close: (() => Promise<void>)[] = [];
beforeEach(async () => {
  service = await PulumiCloud.start();
});
afterEach(async () => {
  for (const one of close) await one();
  close = [];
  await service.stop();
  expect(service.strange).toEqual([]);
});

const options = (keys: TestKeys, changes: Partial<StackOptions> = {}): StackOptions => ({
  ...{ home: home().path, job: keys.request.job, passphrase: 'a passphrase' },
  logFolder: path.join(home().path, 'jobs', keys.request.job, 'engine'),
  env: { ...home().env, PULUMI_ACCESS_TOKEN: service.token },
  backendUrl: service.url,
  ...changes,
});

async function open(keys: TestKeys, changes: Partial<StackOptions> = {}): Promise<Stack> {
  const provider = await startLocalProvider({ home: home().path, env: home().env });
  close.push(() => provider.close());
  return openStack(options(keys, { attach: [provider], ...changes }));
}

const inFiles = (word: string): string[] => filesIn([home().path], []).filter((file) => holds(file, [word]));

/** Lets an engine begin to create a machine and kills it there: the service hears no more of it. */
async function killInCreate(keys: TestKeys): Promise<Stack> {
  const cloud = await slowCloud();
  close.push(() => cloud.close());
  const stack = await openStack(options(keys, { attach: [cloud] }));
  const failed = expect(stack.up(localStack, keys.request)).rejects.toMatchObject({ code: 'engine-killed' });
  await cloud.asked();
  for (const { pid } of enginesOf(keys.request.job)) process.kill(pid, 'SIGKILL');
  await failed;
  expect(service.updates(keys.request.job)).toEqual(['update running']);
  return stack;
}

test('a later process finds the machine there and destroys it; the access token stays in the environment', async () => {
  const keys = makeRequest(path.dirname(home().path));
  const { job } = keys.request;
  const stack = await open(keys, { config: { 'aws:region': 'here' } });
  const up = await stack.up(localStack, keys.request);
  expect(ssh(keys, up, 'echo "$CVICAST_MACHINE"').trim()).toBe(job);
  expect(service.names()).toEqual([`${organization}/cvicast/${job}`]);
  await expect(stack.remove()).rejects.toMatchObject({ why: expect.stringMatching(/still has resources/) });

  const later = await open(keys);
  expect((await later.resources()).known.map(({ type }) => type)).toContain('cvicast-local:index:Machine');
  await later.destroy();
  expect((await later.resources()).known).toEqual([]);
  expect(service.updates(job)).toEqual(['update succeeded', 'destroy succeeded']);
  expect(service.used).toContain('PATCH /update/ID/checkpointverbatim');
  // The same search finds what is there, so that it would have found the token.
  expect(inFiles(job)).not.toEqual([]);
  expect(inFiles(service.token)).toEqual([]);
  await later.remove();
  expect(service.names()).toEqual([]);
  await later.destroy();
});

test('the update of an engine that was killed is cancelled', async () => {
  service.capabilities = [];
  const keys = makeRequest(path.dirname(home().path));
  const { job } = keys.request;
  const stack = await killInCreate(keys);
  expect(inFiles(service.token)).toEqual([]);
  const messages: string[] = [];
  await stack.destroy((event) => messages.push(event.text ?? ''));
  expect(messages).toContainEqual(expect.stringContaining('cancelled an update that was left in progress'));
  expect(service.updates(job)).toEqual(['update cancelled', 'destroy succeeded']);
  expect(service.used).toContain('PATCH /update/ID/checkpoint');
  const pending = [expect.objectContaining({ type: 'cvicast-local:index:Machine', id: null })];
  expect((await stack.resources()).pending).toEqual(pending);
  await stack.remove();
  expect(service.names()).toEqual([]);
});

test('one whose lease runs out before it is cancelled is no obstacle either', async () => {
  const keys = makeRequest(path.dirname(home().path));
  const stack = await killInCreate(keys);
  service.leaseRunsOut = true;
  await stack.destroy();
  expect(service.updates(keys.request.job)).toEqual(['update failed', 'destroy succeeded']);
});

test('an engine that still works here is waited for, and its update is not cancelled', async () => {
  const keys = makeRequest(path.dirname(home().path));
  const cloud = await slowCloud();
  close.push(() => cloud.close());
  const first = await openStack(options(keys, { attach: [cloud] }));
  const up = first.up(localStack, keys.request);
  await cloud.asked();
  const second = await openStack(options(keys, { attach: [cloud] }));
  const messages: string[] = [];
  await second.destroy(({ text = '' }) => {
    messages.push(text);
    if (text.startsWith('waiting for the engine that still works')) cloud.finish();
  });
  expect(messages).toContainEqual(expect.stringMatching(/^waiting for the engine/));
  await up;
  expect(cloud.ledger).toEqual(['created', 'deleted']);
  expect(service.updates(keys.request.job)).toEqual(['update succeeded', 'destroy succeeded']);
});

test('an update that was begun elsewhere is left alone and explained', async () => {
  const keys = makeRequest(path.dirname(home().path));
  const { job } = keys.request;
  const stack = await open(keys);
  await stack.up(localStack, keys.request);
  const end = service.beginElsewhere(job);
  await expect(stack.destroy()).rejects.toMatchObject({
    code: 'stack-locked',
    why: expect.stringContaining('no engine on this computer began'),
    fix: expect.stringContaining(`cvicast down ${job}`),
  });
  expect(service.updates(job)).toEqual(['update succeeded', 'update running']);
  end();
  await stack.destroy();
});

test('what an engine could not tell the service that it is complete is no obstacle to the next', async () => {
  const keys = makeRequest(path.dirname(home().path));
  const { job } = keys.request;
  const stack = await open(keys);
  service.deaf = true;
  await expect(stack.up(localStack, keys.request)).rejects.toMatchObject({
    code: 'engine-failed',
    why: expect.stringContaining('failed to complete update'),
  });
  service.deaf = false;
  expect(service.updates(job)).toEqual(['update running']);
  await stack.destroy();
  expect(service.updates(job)).toEqual(['update cancelled', 'destroy succeeded']);
  expect((await stack.resources()).known).toEqual([]);
});

test.each([
  ['wrong', { PULUMI_ACCESS_TOKEN: 'pul-wrong' }, 'No credentials provided or are invalid'],
  ['missing', {}, 'PULUMI_ACCESS_TOKEN must be set'],
])('with a %s access token nothing is done, and what to do is said', async (_name, token, why) => {
  const keys = makeRequest(path.dirname(home().path));
  const stack = await openStack(options(keys, { env: { ...home().env, ...token } }));
  const refusal = {
    code: 'backend-login',
    why: expect.stringContaining(why),
    fix: expect.stringContaining('PULUMI_ACCESS_TOKEN'),
  };
  await expect(stack.up(localStack, keys.request)).rejects.toMatchObject(refusal);
  await expect(stack.destroy()).rejects.toMatchObject(refusal);
  await expect(stack.resources()).rejects.toMatchObject(refusal);
  expect(service.names()).toEqual([]);
});
