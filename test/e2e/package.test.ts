import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { root } from '../_helpers/cli';
import { lendFakeToolchain } from '../_helpers/fake-tools';
import { useHome } from '../_helpers/home';
import { useScratch } from '../_helpers/scratch';

jest.setTimeout(15 * 60_000);

describe('the packed tarball', () => {
  const home = useHome();
  const scratch = useScratch();

  test('installs into an empty folder and converts by npx; installs for the whole computer too', () => {
    // What runs on the machine is in the tarball file for file; that it converts for real, other tests show.
    lendFakeToolchain(home().path);
    const run = (program: string, argv: readonly string[], cwd: string): string =>
      execFileSync(program, argv, {
        cwd,
        env: home().env,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
        maxBuffer: 1 << 26,
      });
    const packed = JSON.parse(
      run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', scratch()], root),
    ) as { filename: string; files: { path: string }[] }[];
    const [tarball] = packed;
    const built = fs
      .readdirSync(path.join(root, 'dist'), { recursive: true, encoding: 'utf8' })
      .filter((name) => fs.statSync(path.join(root, 'dist', name)).isFile());
    expect(built).toEqual(expect.arrayContaining(['src/cli/main.js', 'stacks/aws.js']));
    expect(tarball?.files.map((file) => file.path)).toEqual(
      expect.arrayContaining(['bin/cvicast', 'README.md', 'LICENSE', ...built.map((name) => `dist/${name}`)]),
    );
    expect(tarball?.files.filter((file) => /^(test|src|node_modules)\//.test(file.path))).toEqual([]);

    const file = path.join(scratch(), tarball?.filename ?? '');
    const app = path.join(scratch(), 'app');
    fs.mkdirSync(app);
    fs.writeFileSync(path.join(app, 'package.json'), '{"name":"app","private":true}');
    run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', file], app);
    expect(run('npx', ['--no-install', 'cvicast', '--version'], app).trim()).toBe(
      (JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string }).version,
    );
    const examples = path.join(app, 'node_modules/cvicast/examples');
    const model = path.join(examples, 'shapes-yolo11n-320.onnx');
    const stdout = run(
      'npx',
      [
        '--no-install',
        'cvicast',
        'convert',
        model,
        '--images',
        path.join(examples, 'calibration'),
        '--calibration-count',
        '2',
      ],
      app,
    );
    expect(stdout).toContain('shapes-yolo11n-320_cv181x_int8.cvimodel');
    expect(fs.existsSync(path.join(app, 'out', 'receipt.json'))).toBe(true);

    const prefix = path.join(scratch(), 'prefix');
    // Its packages' own install scripts ran above.
    const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
    run('npm', ['install', '--global', '--prefix', prefix, ...options, file], app);
    expect(run(path.join(prefix, 'bin/cvicast'), ['check', model], app)).toContain('converts');
  });
});
