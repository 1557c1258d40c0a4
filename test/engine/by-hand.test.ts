import { requestFrom } from '../../stacks/by-hand';

const now = new Date('2026-11-28T12:00:00Z');
const given = { provider: 'local', publicKey: 'ssh-ed25519 AAAA', userData: '#cloud-config' };
const from = (changes: Record<string, string | undefined>, stack = 'try') => {
  const values: Record<string, string | undefined> = { ...given, ...changes };
  return requestFrom({ get: (key) => values[key] }, stack, now);
};

test('three values are enough for this computer', () => {
  expect(from({})).toEqual({
    provider: 'local',
    request: expect.objectContaining({
      job: 'try',
      owner: expect.stringMatching(/^[0-9a-f]{16}$/) as unknown,
      expiresAt: '2026-11-28T13:00:00.000Z',
      ttlMinutes: 60,
      allowCidrs: ['127.0.0.1/32'],
    }) as unknown,
  });
});

test('what is given is taken, and a stack name becomes a job id', () => {
  const changes = {
    provider: 'aws',
    region: 'eu-central-1',
    size: 'c7i.large',
    ttlMinutes: '20',
    allowCidrs: '192.0.2.1/32, 192.0.2.2/32',
    spot: 'true',
  };
  expect(from(changes, '1 Big_Stack').request).toMatchObject({
    job: 'cv-1-big-stack',
    region: 'eu-central-1',
    ttlMinutes: 20,
    expiresAt: '2026-11-28T12:20:00.000Z',
    allowCidrs: ['192.0.2.1/32', '192.0.2.2/32'],
    spot: true,
  });
});

test.each([
  [{ provider: undefined }, 'config-missing'],
  [{ provider: 'machine' }, 'config-invalid'],
  [{ provider: '../src/errors' }, 'config-invalid'],
  [{ publicKey: '' }, 'config-missing'],
  [{ userData: undefined }, 'config-missing'],
  [{ provider: 'aws' }, 'config-missing'],
  [{ ttlMinutes: '0' }, 'config-invalid'],
  [{ expiresAt: 'tomorrow' }, 'config-invalid'],
])('%j is refused with %s', (changes, code) => {
  expect(() => from(changes)).toThrow(expect.objectContaining({ code, exit: 'input' }) as Error);
});
