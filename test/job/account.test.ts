import type { CloudResource } from '../../src/cloud/types';
import { UserError } from '../../src/errors';
import { outOfReach } from '../../src/job/account';
import { JobFolder } from '../../src/job/folder';
import { ownerId } from '../../src/job/identity';
import { placeOf, type Place } from '../../src/job/place';
import { useScratch } from '../_helpers/scratch';

const job = 'cv-20261128-112830-7f3a9c';

describe('the account that a journal names', () => {
  const scratch = useScratch();
  const place = (changes: Partial<Place>): Place => ({
    ...placeOf('hetzner', { home: scratch(), env: {} }),
    list: () => Promise.resolve([]),
    ...changes,
  });
  const folderIn = (account?: string): JobFolder => {
    const folder = JobFolder.create(scratch(), job);
    const intent = { type: 'intent', what: 'create-machine', region: 'fsn1', size: 'cpx32' } as const;
    folder.journal.write(account === undefined ? intent : { ...intent, account });
    return folder;
  };
  const account = (name: string | null) => ({ account: () => Promise.resolve(name) });

  test('is compared with that of the credentials', async () => {
    const folder = folderIn('a');
    expect(await outOfReach(folder, place(account('a')), 0)).toBeNull();
    expect(await outOfReach(folder, place(account('b')), 0)).toMatchObject({ id: job });
    expect(await outOfReach(folder, place(account(null)), 0)).toMatchObject({ id: job });
  });

  test('is not asked for where none was written down', async () => {
    const never = () => Promise.reject(new Error('asked'));
    expect(await outOfReach(folderIn(), place({ account: never }), 0)).toBeNull();
  });

  test('that cannot be told is no permission to look elsewhere; the machine is named', async () => {
    const folder = folderIn('a');
    folder.journal.write({ type: 'machine', address: '192.0.2.7', port: 22, user: 'root', machineId: '4711' });
    const down = new UserError({ code: 'cloud-down', what: 'w', why: 'y', fix: 'wait', exit: 'provider' });
    const left = await outOfReach(folder, place({ account: () => Promise.reject(down) }), 0);
    expect(left).toMatchObject({
      ...{ type: 'server', id: '4711' },
      fix: expect.stringContaining('wait; then `cvicast down') as string,
    });
  });

  test('that is known by its token only is the same under a new token that lists what we made', async () => {
    const folder = folderIn('token:1');
    const found = (owner: string): CloudResource => ({
      ...{ kind: 'server', id: '1', region: 'fsn1', job, owner, expiresAt: null, createdAt: null },
    });
    const lists = (owner: string) => place({ ...account('token:2'), list: () => Promise.resolve([found(owner)]) });
    expect(await outOfReach(folder, lists(ownerId(scratch())), 0)).toBeNull();
    expect(await outOfReach(folder, lists('somebody else'), 0)).not.toBeNull();
    expect(await outOfReach(folder, place(account('token:2')), 0)).not.toBeNull();
  });
});
