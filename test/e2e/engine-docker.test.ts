import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import {
  listLocalMachines,
  removeLocalMachine,
  startLocalMachine,
  stateOfLocalMachine,
} from '../../src/local/machines';
import { useHome } from '../_helpers/home';
import { makeRequest, ssh } from '../_helpers/machine-request';

jest.setTimeout(300_000);

function daemonAnswers(): boolean {
  try {
    execFileSync('docker', ['version'], { stdio: 'ignore', timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}

if (!daemonAnswers()) process.stderr.write('machines in a container are skipped: no Docker daemon answers\n');

/**
 * Needs a Docker daemon (`scripts/with-docker npx jest …`). No registry: the image is made of this computer's own sshd
 * and shell, so what is proven is the container's life, not the image that `obtainImage` builds.
 */
(daemonAnswers() ? describe : describe.skip)('a machine in a container', () => {
  const home = useHome();
  const image = `cvicast-test-image:${process.pid}`;
  const docker = (...args: string[]) => execFileSync('docker', args, { encoding: 'utf8' }).trim();

  beforeEach(() => {
    const root = path.join(home().path, 'root');
    for (const program of ['/usr/sbin/sshd', '/bin/sh', '/bin/bash', '/bin/sleep', '/usr/bin/env'])
      copyProgram(program, root);
    for (const folder of ['etc', 'run/sshd', 'tmp', 'root', 'dev'])
      fs.mkdirSync(path.join(root, folder), { recursive: true });
    fs.writeFileSync(
      path.join(root, 'etc/passwd'),
      'root:x:0:0:root:/root:/bin/sh\nsshd:x:100:65534::/run/sshd:/usr/sbin/nologin\n',
    );
    const archive = path.join(home().path, 'root.tar');
    execFileSync('tar', ['-cf', archive, '-C', root, '.']);
    docker('import', archive, image);
    Object.assign(home().env, { CVICAST_LOCAL_MACHINE: 'docker', CVICAST_LOCAL_IMAGE: image });
  });
  afterEach(() => {
    docker('image', 'rm', '--force', image);
    docker('volume', 'rm', '--force', 'cvicast-toolchains');
  });

  test('lives, is known by its labels, and is gone with its network and its files when it is removed', async () => {
    const keys = makeRequest(path.dirname(home().path));
    const { job } = keys.request;
    const machine = await startLocalMachine(home().path, home().env, { ...keys.request, hostKey: keys.hostPrivateKey });
    expect(machine).toMatchObject({ mode: 'docker', user: 'root' });
    expect(ssh(keys, machine, 'echo $CVICAST_MACHINE').trim()).toBe(job);
    expect(docker('ps', '--quiet', '--filter', `label=cvicast-job=${job}`)).not.toBe('');
    expect(await stateOfLocalMachine(home().path, job, home().env)).toBe('alive');

    docker('kill', `cvicast-${job}`);
    expect(await stateOfLocalMachine(home().path, job, home().env)).toBe('remains');
    await removeLocalMachine(home().path, job, home().env);
    expect(docker('ps', '--all', '--quiet', '--filter', `label=cvicast-job=${job}`)).toBe('');
    expect(await stateOfLocalMachine(home().path, job, home().env)).toBe('gone');
    expect(listLocalMachines(home().path)).toEqual([]);
    await removeLocalMachine(home().path, job, home().env);
  });
});

/** Copies a program with the libraries that it loads to the same places below `root`. */
function copyProgram(program: string, root: string): void {
  const libraries = execFileSync('ldd', [program], { encoding: 'utf8' }).match(/\/\S+/g) ?? [];
  for (const file of [program, ...libraries]) {
    fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    fs.copyFileSync(fs.realpathSync(file), path.join(root, file));
    fs.chmodSync(path.join(root, file), 0o755);
  }
}
