import { requestJson, retryAfter, together, type HttpPolicy } from '../../src/cloud/http';
import { withoutSecrets } from '../../src/cloud/refusal';
import { messageOf } from '../../src/errors';
import { loopbackCloud, quick, type Answer, type LoopbackCloud } from './loopback-cloud';

const cloud = {
  title: 'Testcloud',
  errors: [
    { match: /quota_reached/, code: 'quota', why: 'the quota is reached', fix: 'ask for more', next: 'stop' as const },
  ],
};

describe('a JSON request', () => {
  let server: LoopbackCloud;
  let script: Answer[];
  beforeEach(async () => {
    script = [];
    server = await loopbackCloud(() => script.shift() ?? { body: { well: true } });
  });
  afterEach(() => server.close());

  const ask = (policy: HttpPolicy = quick, accept: number[] = []) =>
    requestJson<{ well: boolean } | null>(
      cloud,
      { method: 'GET', url: `${server.url}/v1/x`, headers: { authorization: 'Bearer hush' }, action: 'tell x', accept },
      policy,
    );

  it('answers the parsed body, and null for an empty one', async () => {
    expect(await ask()).toEqual({ status: 200, body: { well: true } });
    script = [{ status: 204 }];
    expect(await ask()).toEqual({ status: 204, body: null });
  });

  it.each([408, 429, 500, 502, 503, 504])('tries again after %i', async (status) => {
    script = [{ status, body: {} }];
    expect((await ask()).status).toBe(200);
    expect(server.asked).toHaveLength(2);
  });

  it('gives up after its number of tries, with the cloud’s own words and without the header', async () => {
    script = Array.from({ length: 9 }, () => ({ status: 503, body: { message: 'out to lunch' } }));
    const thrown: unknown = await ask().catch((one: unknown) => one);
    expect(server.asked).toHaveLength(quick.attempts);
    expect(thrown).toMatchObject({
      code: 'cloud-refused',
      what: 'Testcloud did not tell x',
      why: 'it said: out to lunch',
      exit: 'provider',
    });
    expect(JSON.stringify(thrown)).not.toContain('hush');
  });

  it('does not repeat a refusal, and explains it by the catalogue', async () => {
    script = [{ status: 422, body: { error: { code: 'quota_reached', message: 'no more' } } }];
    await expect(ask()).rejects.toMatchObject({
      code: 'quota',
      why: 'the quota is reached (it said: no more)',
      fix: 'ask for more',
    });
    expect(server.asked).toHaveLength(1);
  });

  it('does not wait for a Retry-After beyond its patience', async () => {
    script = [{ status: 429, body: {}, headers: { 'retry-after': '3600' } }];
    await expect(ask()).rejects.toMatchObject({ code: 'cloud-refused' });
    expect(server.asked).toHaveLength(1);
  });

  it('takes an accepted status for an answer', async () => {
    script = [{ status: 404, body: { message: 'not there' } }];
    expect((await ask(quick, [404])).status).toBe(404);
  });

  it('follows no redirect: the token would go along', async () => {
    script = Array.from({ length: 9 }, () => ({ status: 302, headers: { location: `${server.url}/elsewhere` } }));
    await expect(ask()).rejects.toMatchObject({ code: 'cloud-unreachable' });
    expect(server.asked.map((one) => one.path)).not.toContain('/elsewhere');
  });

  it('says which address did not answer, and why', async () => {
    const gone = await loopbackCloud(() => null);
    await gone.close();
    const asked = requestJson(cloud, { method: 'GET', url: `${gone.url}/v1/x`, action: 'tell x' }, quick);
    await expect(asked).rejects.toMatchObject({
      code: 'cloud-unreachable',
      why: expect.stringMatching(/127\.0\.0\.1.*ECONNREFUSED/),
    });
  });

  it('refuses what is no JSON', async () => {
    script = [{ text: '<html>Please log in</html>' }];
    await expect(ask()).rejects.toMatchObject({ code: 'cloud-answer-unreadable' });
  });
});

describe('waiting for all', () => {
  it('throws the first failure only when every call has ended', async () => {
    let ended = false;
    const slow = new Promise<void>((resolve) =>
      setImmediate(() => {
        ended = true;
        resolve();
      }),
    );
    const failed = Promise.reject(new Error('first'));
    await expect(together([failed, slow])).rejects.toThrow('first');
    expect(ended).toBe(true);
  });
});

it.each([
  ['5', 5000],
  ['Sat, 28 Nov 2026 12:00:10 GMT', 10_000],
  ['Sat, 28 Nov 2026 11:00:00 GMT', 0],
  ['soon', null],
  [null, null],
])('reads Retry-After %p', (header, wait) => {
  expect(retryAfter(header, Date.parse('2026-11-28T12:00:00Z'))).toBe(wait);
});

it.each([
  "not a valid key=value pair in Authorization header: 'AWS4-HMAC-SHA256 Credential=AKIAHUSH/x, Signature=hush'",
  'sent Bearer hush and was refused',
  '{"access_token": "hush"}',
])('takes credentials out of what a cloud quotes: %s', (text) => {
  expect(withoutSecrets(text)).not.toMatch(/hush/i);
  expect(messageOf(withoutSecrets(text)).length).toBeGreaterThan(10);
});
