import * as fs from 'node:fs';
import * as path from 'node:path';
import { removeLocalMachine, startLocalMachine, stateOfLocalMachine } from '../../src/local/machines';
import { chooseMode } from '../../src/local/mode';
import { findSshd, sshdMissing } from '../../src/local/sshd';
import { useHome } from '../_helpers/home';
import { makeRequest } from '../_helpers/machine-request';

jest.setTimeout(120_000);
const home = useHome();

/** A `docker` that writes down what it is asked and answers by the test's script. */
function fakeDocker(script: string): () => string[] {
  const log = path.join(home().path, 'asked');
  const folder = path.join(home().path, 'tools');
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'docker'), `#!/bin/sh\necho "$*" >> '${log}'\ncase "$*" in\n${script}\nesac\n`, {
    mode: 0o755,
  });
  home().env['PATH'] = `${folder}:/bin:/usr/bin`;
  return () => (fs.existsSync(log) ? fs.readFileSync(log, 'utf8').trim().split('\n') : []);
}
const choose = (wish?: string) => {
  if (wish === undefined) Reflect.deleteProperty(home().env, 'CVICAST_LOCAL_MACHINE');
  else home().env['CVICAST_LOCAL_MACHINE'] = wish;
  return chooseMode(home().env);
};

test('a container where a daemon answers and the image is there or can be built', async () => {
  const asked = fakeDocker('version*) echo 28;;\nimage*) exit 1;;\nbuild*) cat >/dev/null;;');
  expect(await choose()).toMatchObject({
    mode: 'docker',
    image: expect.stringMatching(/^cvicast-machine:/) as unknown,
  });
  expect(asked().map((line) => line.split(' ')[0])).toEqual(['version', 'image', 'build']);
});

test('by itself a process where no daemon answers, or the image cannot be had; what was asked for is not replaced', async () => {
  fakeDocker('version*) echo cannot connect >&2; exit 1;;');
  expect(await choose()).toMatchObject({ mode: 'process', note: expect.stringContaining('daemon') as unknown });
  await expect(choose('docker')).rejects.toMatchObject({ code: 'docker-missing' });

  fakeDocker('version*) echo 28;;\n*) echo no route to registry >&2; exit 1;;');
  expect(await choose('auto')).toMatchObject({
    mode: 'process',
    note: expect.stringContaining('no route to registry') as unknown,
  });
  await expect(choose('docker')).rejects.toMatchObject({ code: 'docker-image', why: 'no route to registry' });
  await expect(choose('podman')).rejects.toMatchObject({ code: 'bad-setting', exit: 'input' });
});

test('a daemon on another computer would publish its ports there', async () => {
  fakeDocker('version*) echo 28;;');
  home().env['DOCKER_HOST'] = 'ssh://elsewhere';
  expect(await choose()).toMatchObject({ mode: 'process' });
});

test('a missing sshd is named with its package', () => {
  expect(findSshd({ PATH: '/nowhere' })).toBe('/usr/sbin/sshd');
  expect(sshdMissing()).toMatchObject({ code: 'sshd-missing', fix: expect.stringMatching(/openssh/) as unknown });
});

test('a container that fails to start is removed again, and the reason is told', async () => {
  const asked = fakeDocker('version*) echo 28;;\nimage*) ;;\nrun*) echo port is taken >&2; exit 125;;\nrm*) ;;');
  home().env['CVICAST_LOCAL_MACHINE'] = 'docker';
  const { request, hostPrivateKey } = makeRequest(path.dirname(home().path));
  const started = startLocalMachine(home().path, home().env, { ...request, hostKey: hostPrivateKey });
  await expect(started).rejects.toMatchObject({ code: 'docker-failed', why: 'port is taken' });
  expect(asked().at(-1)).toBe(`rm --force --volumes cvicast-${request.job}`);
  expect(asked().find((line) => line.startsWith('run'))).toContain(`--label cvicast-job=${request.job}`);
  expect(asked().join('\n')).not.toContain('PRIVATE KEY');
  expect(await stateOfLocalMachine(home().path, request.job, home().env)).toBe('gone');
});

test('a daemon that does not say is not believed to have nothing', async () => {
  fakeDocker('*) echo cannot connect >&2; exit 1;;');
  const { request } = makeRequest(path.dirname(home().path));
  const folder = path.join(home().path, 'machines', request.job);
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'machine.json'), JSON.stringify({ job: request.job, mode: 'docker', sshd: null }));
  await expect(removeLocalMachine(home().path, request.job, home().env)).rejects.toMatchObject({
    code: 'docker-failed',
  });
  await expect(stateOfLocalMachine(home().path, request.job, home().env)).rejects.toMatchObject({
    code: 'docker-failed',
  });
  expect(fs.existsSync(folder)).toBe(true);
});
