import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { testToolchain } from './cli';
import { gatedTools, type GatedTools } from './fake-tools';

/** Programs of the real toolchain in front of which a gate stands. */
const gated = ['python3', 'model_transform.py', 'model_deploy.py'];

/**
 * Puts the shared toolchain into a scratch home so that it can be made to stand still before each step, as the fake one can.
 * What works is the real one: a copy of links to its files (nothing is copied), with a gate before three of its programs.
 */
export function lendGatedToolchain(home: string): GatedTools {
  const shared = testToolchain();
  const toolchains = path.join(home, 'toolchains');
  const folder = path.join(toolchains, path.basename(shared));
  fs.mkdirSync(toolchains, { recursive: true });
  execFileSync('cp', ['--archive', '--link', shared, folder]);
  for (const name of gated) {
    const program = path.join(folder, 'bin', name);
    fs.renameSync(program, path.join(folder, 'bin', `real-${name}`));
    fs.copyFileSync(path.join(__dirname, 'gated-tool.sh'), program);
    fs.chmodSync(program, 0o755);
  }
  return gatedTools(toolchains, folder);
}
