import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { listLocalMachines } from '../../src/local/machines';
import { testEngine, useHome } from '../_helpers/home';
import { makeRequest, ssh } from '../_helpers/machine-request';

jest.setTimeout(300_000);

/**
 * The nodejs language host comes with Pulumi's own download, not with an engine built from its Go modules: there this
 * test cannot run, and `test/engine/by-hand.test.ts` is what is left.
 */
function hasLanguageHost(): boolean {
  const folders = [path.dirname(testEngine() ?? ''), ...(process.env['PATH'] ?? '').split(path.delimiter)];
  return folders.some((folder) => fs.existsSync(path.join(folder, 'pulumi-language-nodejs')));
}

if (!hasLanguageHost())
  process.stderr.write('`pulumi up` by hand is skipped: no pulumi-language-nodejs beside the engine or on PATH\n');

(hasLanguageHost() ? describe : describe.skip)('`pulumi up` by hand in the checkout', () => {
  const home = useHome({ engine: true });
  const checkout = path.join(__dirname, '..', '..');

  test('starts a machine on this computer and takes it away', () => {
    const keys = makeRequest(path.dirname(home().path));
    const { job, publicKey, userData } = keys.request;
    const state = path.join(home().path, 'state');
    fs.mkdirSync(state);
    const settings = path.join(home().path, 'settings.yaml');
    const env = {
      ...home().env,
      PULUMI_BACKEND_URL: `file://${state}`,
      PULUMI_HOME: path.join(home().path, 'pulumi'),
      PULUMI_CONFIG_PASSPHRASE: 'a passphrase',
      PULUMI_SKIP_UPDATE_CHECK: 'true',
    };
    let input = '';
    const pulumi = (...args: string[]): string =>
      execFileSync(testEngine() ?? '', [...args, '--non-interactive', '--stack', job, '--config-file', settings], {
        cwd: checkout,
        env,
        encoding: 'utf8',
        input,
      });
    execFileSync(testEngine() ?? '', ['stack', 'init', job, '--no-select', '--non-interactive'], {
      cwd: checkout,
      env,
    });
    try {
      pulumi('config', 'set', 'publicKey', publicKey);
      input = userData; // by stdin: what stands in an argument, everybody on the computer can read
      pulumi('config', 'set', '--secret', 'userData');
      pulumi('up', '--yes', '--skip-preview', '--config', 'provider=local');
      const outputs = execFileSync(testEngine() ?? '', ['stack', 'output', '--json', '--stack', job], {
        cwd: checkout,
        env,
        encoding: 'utf8',
      });
      const up = JSON.parse(outputs) as { port: number; user: string };
      expect(ssh(keys, up, 'echo here').trim()).toBe('here');
      pulumi('destroy', '--yes', '--skip-preview', '--refresh');
      expect(listLocalMachines(home().path)).toEqual([]);
    } finally {
      fs.rmSync(path.join(checkout, `Pulumi.${job}.yaml`), { force: true });
    }
  });
});
