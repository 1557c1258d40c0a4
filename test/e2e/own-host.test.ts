import * as fs from 'node:fs';
import * as path from 'node:path';
import { networkSettings } from '../../src/tpumlir';
import { cli, expectCode, root, testToolchain, type CliResult } from '../_helpers/cli';
import { useHome } from '../_helpers/home';
import { jobsFolders } from '../_helpers/left-behind';
import { useScratch } from '../_helpers/scratch';
import { startSshd } from '../_helpers/sshd';

const model = path.join(root, 'examples/shapes-yolo11n-320.onnx');
const images = path.join(root, 'examples/calibration');

jest.setTimeout(15 * 60_000);

describe('--host: a machine of the user', () => {
  const home = useHome();
  const scratch = useScratch();

  /** The sample and two pictures under names that a shell would act on, and a parser of options misread. */
  function hostileInputs(): string {
    const folder = path.join(scratch(), `in $(touch pwned) "a" 'b'\n-x ü`);
    fs.mkdirSync(path.join(folder, 'pictures'), { recursive: true });
    for (const name of fs.readdirSync(images).slice(0, 2))
      fs.copyFileSync(path.join(images, name), path.join(folder, 'pictures', `-rf; $(id) '${name.toUpperCase()}`));
    fs.copyFileSync(model, path.join(folder, '--model `touch pwned`.onnx'));
    return folder;
  }

  test('delivers, and leaves nothing of ours on it; names with spaces, quotes, newlines, $(x) and leading dashes are data', async () => {
    // Another user as far as the machine's programs can tell: with a home of its own, CPython 3.10, and no uv.
    const programs = path.join(scratch(), 'bin');
    const [itsHome, itsTemporary] = ['its-home', 'its-tmp'].map((name) => path.join(scratch(), name)) as [
      string,
      string,
    ];
    for (const folder of [programs, itsHome, itsTemporary]) fs.mkdirSync(folder);
    fs.symlinkSync(fs.realpathSync(path.join(testToolchain(), 'bin/python3')), path.join(programs, 'python3.10'));
    const getent = `#!/bin/sh\necho 'user:x:0:0::${itsHome}:/bin/sh'\n`;
    fs.writeFileSync(path.join(programs, 'getent'), getent, { mode: 0o755 });
    const settings = { HOME: itsHome, TMPDIR: itsTemporary, PATH: `${programs}:/usr/bin:/bin` };
    const sshd = await startSshd({ env: { ...settings, ...networkSettings(process.env) } });
    try {
      const { user, address, port, privateKey, hostKeys } = sshd.target;
      const identity = path.join(scratch(), 'id');
      fs.writeFileSync(identity, privateKey ?? '', { mode: 0o600 });
      const inputs = hostileInputs();
      const out = path.join(inputs, 'out put');
      const host = ['--host', `${user}@${address}:${port}`, '--identity', identity];
      const convert = (...more: readonly string[]): Promise<CliResult> =>
        cli(['convert', '--images', 'pictures', '--out', out, ...host, ...more, '--', '--model `touch pwned`.onnx'], {
          ...{ env: home().env, cwd: inputs },
        });
      const wrong = await convert('--host-key', (hostKeys[0] ?? '').replace(/.{12}$/, 'AAAAAAAAAAAA'));
      expectCode(wrong, 4);
      expect(wrong.stderr).toMatch(/another machine than ours answers .* we did not log in/);
      expect(sshd.log()).not.toContain('Accepted');

      const result = await convert('--force', '--host-key', hostKeys[0] ?? '');
      expectCode(result, 0);
      expect(fs.existsSync(path.join(out, '--model `touch pwned`_cv181x_int8.cvimodel'))).toBe(true);
      expect([...fs.readdirSync(scratch()), ...fs.readdirSync(inputs)]).not.toContain('pwned');
      const receipt = JSON.parse(fs.readFileSync(path.join(out, 'receipt.json'), 'utf8')) as {
        job: string;
        result: string;
      };
      expect(receipt.result).toBe('delivered');
      expect(jobsFolders(receipt.job)).toEqual([]);
      expect(fs.readdirSync('/tmp').filter((name) => name.includes(receipt.job))).toEqual([]);
      expect([...fs.readdirSync(itsHome), ...fs.readdirSync(itsTemporary)]).toEqual([]);
    } finally {
      await sshd.stop();
    }
  });

  test('an unknown host key is refused before anything is tried', async () => {
    const result = await cli(
      ['convert', model, '--images', images, '--out', path.join(scratch(), 'out'), '--host', 'root@127.0.0.1:1'],
      {
        env: { ...home().env, HOME: scratch() },
      },
    );
    expectCode(result, 2);
    expect(result.stderr).toMatch(/ssh-keyscan|--host-key/);
  });
});
