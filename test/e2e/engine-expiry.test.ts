import * as path from 'node:path';
import type * as machines from '../../src/local/machines';
import { listLocalMachines } from '../../src/local/machines';
import { useHome } from '../_helpers/home';
import { makeRequest, ssh } from '../_helpers/machine-request';

jest.setTimeout(300_000);
const home = useHome();

test('a machine on this computer ends itself when its time is over, with nobody there to ask it', async () => {
  // The built program: its timer starts a program of its own.
  const { startLocalMachine } = jest.requireActual<typeof machines>('../../dist/src/local/machines.js');
  const expiresAt = new Date(Date.now() + 5_000).toISOString();
  const keys = makeRequest(path.dirname(home().path), { expiresAt });
  const machine = await startLocalMachine(home().path, home().env, { ...keys.request, hostKey: keys.hostPrivateKey });
  expect(listLocalMachines(home().path)).toHaveLength(1);
  ssh(keys, machine, 'setsid sleep 1000 >/dev/null 2>&1 </dev/null &');
  while (listLocalMachines(home().path).length > 0) await new Promise((resolve) => setTimeout(resolve, 100));
  expect(() => ssh(keys, machine, 'true')).toThrow(/Connection refused/);
});
