import * as path from 'node:path';
import { openStack } from '../../src/engine/stack';
import type { Stack, StackOptions } from '../../src/engine/types';
import { startLocalProvider } from '../../src/local/provider';
import localStack from '../../stacks/local';
import { useHome } from '../_helpers/home';
import { makeRequest, ssh, type TestKeys } from '../_helpers/machine-request';
import { motoServer, startMoto, type Moto } from '../_helpers/moto';
import { slowCloud } from '../_helpers/slow-cloud';

jest.setTimeout(300_000);

const found = motoServer();
const reason = 'reason' in found ? found.reason : null;
if (reason !== null) process.stderr.write(`the state in an S3 bucket is skipped: ${reason}\n`);

const bucket = 'states';
/** moto asks that a request names somebody, and believes the signature. */
const authorization =
  'AWS4-HMAC-SHA256 Credential=key/20261128/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0';
const ask = (at: string, init: RequestInit = {}) => fetch(at, { ...init, headers: { authorization } });

(reason === null ? describe : describe.skip)(
  reason === null ? 'the state in an S3 bucket' : `the state in an S3 bucket (skipped: ${reason})`,
  () => {
    const home = useHome({ engine: true });
    let moto: Moto;
    let url: string;
    let close: (() => Promise<void>)[] = [];
    beforeAll(async () => {
      moto = await startMoto('program' in found ? found.program : '');
      url = `${moto.env['AWS_ENDPOINT_URL']}/${bucket}`;
    });
    afterAll(() => moto.stop());
    beforeEach(async () => {
      await moto.reset();
      expect((await ask(url, { method: 'PUT' })).status).toBe(200);
    });
    afterEach(async () => {
      for (const one of close) await one();
      close = [];
    });

    const options = (keys: TestKeys): StackOptions => ({
      ...{ home: home().path, job: keys.request.job, passphrase: 'a passphrase' },
      logFolder: path.join(home().path, 'jobs', keys.request.job, 'engine'),
      env: { ...home().env, ...moto.env },
      backendUrl: `s3://${bucket}?endpoint=${new URL(url).host}&disableSSL=true&s3ForcePathStyle=true&region=us-east-1`,
    });

    async function open(keys: TestKeys): Promise<Stack> {
      const provider = await startLocalProvider({ home: home().path, env: home().env });
      close.push(() => provider.close());
      return openStack({ ...options(keys), attach: [provider] });
    }

    /** Keys of the bucket that belong to a job, but for the history and the backup that the engine keeps for itself. */
    async function kept(job: string): Promise<string[]> {
      const listing = await (await ask(`${url}?list-type=2`)).text();
      const keys = [...listing.matchAll(/<Key>([^<]+)<\/Key>/g)].map(([, key = '']) => key);
      return keys.filter((key) => key.includes(job) && !key.includes('/history/') && !key.endsWith('.bak'));
    }

    test('a later process finds the machine there and destroys it', async () => {
      const keys = makeRequest(path.dirname(home().path));
      const up = await (await open(keys)).up(localStack, keys.request);
      expect(ssh(keys, up, 'echo "$CVICAST_MACHINE"').trim()).toBe(keys.request.job);
      expect(await kept(keys.request.job)).toEqual([expect.stringContaining('/stacks/')]);

      const later = await open(keys);
      expect((await later.resources()).known.map(({ type }) => type)).toContain('cvicast-local:index:Machine');
      await later.destroy();
      expect((await later.resources()).known).toEqual([]);
      await later.remove();
      expect(await kept(keys.request.job)).toEqual([]);
      await later.destroy();
    });

    test('the lock of an engine that was killed is cancelled, one of another computer is explained', async () => {
      const keys = makeRequest(path.dirname(home().path));
      const cloud = await slowCloud();
      close.push(() => cloud.close());
      const stack = await openStack({ ...options(keys), attach: [cloud] });
      const failed = expect(stack.up(localStack, keys.request)).rejects.toMatchObject({ code: 'engine-killed' });
      await cloud.asked();
      const [lock = ''] = (await kept(keys.request.job)).filter((key) => key.includes('/locks/'));
      const at = `${url}/${lock}`;
      const content = (await (await ask(at)).json()) as { pid: number };
      process.kill(content.pid, 'SIGKILL');
      await failed;

      await ask(at, { method: 'PUT', body: JSON.stringify({ ...content, hostname: 'elsewhere' }) });
      await expect(stack.destroy()).rejects.toMatchObject({ code: 'stack-locked', fix: expect.stringContaining(lock) });

      await ask(at, { method: 'PUT', body: JSON.stringify(content) });
      const messages: string[] = [];
      await stack.destroy((event) => messages.push(event.text ?? ''));
      expect(messages).toContainEqual(expect.stringContaining('cancelled a stale lock'));
      await stack.remove();
      expect(await kept(keys.request.job)).toEqual([]);
    });
  },
);
