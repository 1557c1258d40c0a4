import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { clouds } from '../../src/cloud';
import { billOf } from '../../src/cloud/bill';
import { useScratch } from '../_helpers/scratch';

const script = path.resolve(__dirname, '../../scripts/prove-cloud');
const scratch = useScratch();

interface Proof {
  readonly status: number | null;
  readonly errors: string;
  readonly report: string;
  readonly asked: readonly string[];
}

/** Runs the script in a checkout whose `bin/cvicast` does as it is told. */
function prove(provider: string, cvicast: { convert: string; gc: string }, toolchain?: string): Proof {
  const root = scratch();
  const program = (file: string, body: string): void => {
    fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    fs.writeFileSync(path.join(root, file), `#!/bin/bash\n${body}\n`, { mode: 0o755 });
  };
  program('scripts/setup', ':');
  fs.copyFileSync(script, path.join(root, 'scripts/prove-cloud'));
  program(
    'bin/cvicast',
    `echo "$*" >>asked; case "$1" in convert) ${cvicast.convert} ;; gc) ${cvicast.gc} ;; *) echo 1.0 ;; esac`,
  );
  const ran = spawnSync('bash', [path.join(root, 'scripts/prove-cloud'), provider, ...(toolchain ? [toolchain] : [])], {
    encoding: 'utf8',
  });
  return {
    status: ran.status,
    errors: ran.stderr,
    report: fs.readFileSync(path.join(root, `out/prove-${provider}-${toolchain ?? 'venv'}/report.md`), 'utf8'),
    asked: fs.readFileSync(path.join(root, 'asked'), 'utf8').trim().split('\n'),
  };
}

const delivered = (provider: string, toolchain = 'venv'): string =>
  `echo '{"result":"delivered"}' >out/prove-${provider}-${toolchain}/receipt.json`;
const nothing = "echo '[]'";
/** As the real `gc --dry-run` does: whatever it finds, it ends with 7. */
const found = (...verdicts: string[]): string =>
  `echo '${JSON.stringify(verdicts.map((verdict) => ({ verdict })))}'; exit 7`;

describe('scripts/prove-cloud', () => {
  it('reports a good run, for at most $0.05', () => {
    const { status, report, asked } = prove('aws', { convert: delivered('aws'), gc: nothing });
    expect(status).toBe(0);
    expect(report).toContain('"result":"delivered"');
    expect(asked.find((line) => line.startsWith('convert '))).toContain(
      '--provider aws --toolchain venv --max-cost 0.05',
    );
  });

  it('reports a refused run to its end, and fails as the conversion did', () => {
    const { status, errors, report } = prove('aws', { convert: 'exit 2', gc: nothing });
    expect(status).toBe(2);
    expect(errors).toContain('error: the conversion failed: exit 2');
    expect(report).toContain('exit status of convert: 2');
    expect(report).toContain('No receipt');
  });

  it.each([
    ['of a good run', delivered('aws')],
    ['of a failed one', 'exit 4'],
  ])('fails when the cloud still lists something %s, and says what ends it', (_, convert) => {
    const { status, errors, report } = prove('aws', { convert, gc: found('would-remove', 'not-ours') });
    expect(status).toBe(7);
    expect(errors).toContain('the cloud still lists something of this installation');
    expect(errors).toContain('fix: bin/cvicast gc --provider aws');
    expect(report).toContain('[{"verdict":"would-remove"},{"verdict":"not-ours"}]');
  });

  it('is content where all that the cloud lists is of somebody else', () => {
    const { status, errors, report } = prove('aws', { convert: delivered('aws'), gc: found('not-ours') });
    expect({ status, errors }).toEqual({ status: 0, errors: '' });
    expect(report).toContain('[{"verdict":"not-ours"}]');
  });

  it('goes the way through Docker when asked', () => {
    const { status, report, asked } = prove('aws', { convert: delivered('aws', 'docker'), gc: nothing }, 'docker');
    expect(status).toBe(0);
    expect(report).toContain('toolchain: docker');
    expect(asked.find((line) => line.startsWith('convert '))).toContain('--toolchain docker --max-cost 0.05');
  });

  it.each(['exit 4', `echo '{"error":{"code":"home-lost"}}'; exit 7`])(
    'fails when the cloud cannot be asked: %s',
    (gc) => {
      const { status, errors, report } = prove('aws', { convert: delivered('aws'), gc });
      expect(status).toBe(7);
      expect(errors).toContain('could not be asked');
      expect(report).toContain('exit status of convert: 0');
    },
  );

  it('takes a size at Hetzner whose smallest bill is within the bound', () => {
    const { asked } = prove('hetzner', { convert: delivered('hetzner'), gc: nothing });
    const name = /--size (\S+)/.exec(asked.find((line) => line.startsWith('convert ')) ?? '')?.[1];
    const { hetzner } = clouds;
    const size = hetzner!.sizes.find((one) => one.name === name);
    expect(size).toBeDefined();
    expect(billOf(hetzner!, size!, 0)).toBeLessThan(0.05);
  });
});
