import { createCipheriv } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { toolchainKey, toolchainVersion } from '../../src/tpumlir';

/** Steps at which a test's toolchain can be made to stand still. */
export type FakeStep = 'bootstrap' | 'transform' | 'calibrate' | 'deploy' | 'verify';

/** A toolchain with gates, fake (`lendFakeToolchain`) or real (`lendGatedToolchain`). */
export interface GatedTools {
  /** The folder of toolchains: `toolchains` of a stand-in cloud. */
  readonly toolchains: string;
  /** Whoever comes to this step from now on waits there. */
  shut(step: FakeStep): void;
  /** Lets go on what waits, here and at every other step. */
  openAll(): void;
  /** Does something wait, or has something waited, at this step since it was shut? */
  reached(step: FakeStep): boolean;
}

const logs = path.resolve(__dirname, '../_fixtures/logs');
const programs = [
  'python3',
  'model_transform.py',
  'run_calibration.py',
  'model_deploy.py',
  'model_tool',
  'model_runner',
];

/** Bytes of what the fake deploy makes: enough that bringing it home can be stopped half-way. */
export const fakeModelBytes = 3_000_000;

/**
 * Puts a toolchain into a scratch home that the program takes for an installed one: it prints the logs of a real run
 * and takes no time. For tests of what goes on around the tools; what the tools do is proven with the real ones.
 */
export function lendFakeToolchain(home: string): GatedTools {
  const key = toolchainKey(toolchainVersion());
  const toolchains = path.join(home, 'toolchains');
  const folder = path.join(toolchains, key);
  for (const name of ['bin', 'logs']) fs.mkdirSync(path.join(folder, name), { recursive: true });
  for (const name of programs) {
    fs.copyFileSync(path.join(__dirname, 'fake-tool.sh'), path.join(folder, 'bin', name));
    fs.chmodSync(path.join(folder, 'bin', name), 0o755);
  }
  fs.writeFileSync(path.join(folder, 'cvicast-toolchain'), key);
  for (const step of ['1_transform', '2_calibration', '3_deploy']) {
    fs.copyFileSync(path.join(logs, `shapes_${step}.log`), path.join(folder, 'logs', `${step.slice(2)}.log`));
  }
  fs.writeFileSync(path.join(folder, 'logs/reference'), 'activations');
  // Bytes that nothing between us and the machine can press together.
  fs.writeFileSync(path.join(folder, 'logs/model'), noise(fakeModelBytes));
  fs.writeFileSync(path.join(folder, 'logs/verified'), `${JSON.stringify(verified)}\n`);
  return gatedTools(toolchains, folder);
}

/** The gates of a toolchain in this folder, which its programs look at. */
export function gatedTools(toolchains: string, folder: string): GatedTools {
  const gates = path.join(folder, 'gates');
  fs.mkdirSync(gates);
  return {
    toolchains,
    shut: (step) => fs.writeFileSync(path.join(gates, `${step}.shut`), ''),
    openAll: () => {
      for (const name of fs.readdirSync(gates)) fs.rmSync(path.join(gates, name), { force: true });
    },
    reached: (step) => fs.existsSync(path.join(gates, `${step}.reached`)),
  };
}

const outputs = ['cv2.0', 'cv3.0', 'cv2.1', 'cv3.1', 'cv2.2', 'cv3.2'].map((name) => ({
  name: `/model.23/${name}/Conv_output_0_Conv_f32`,
  ...{ shape: [1, 64, 40, 40], finite: true, cosine: 0.999, euclidean: 0.96, sqnr: 28.1 },
}));

const verified = {
  ...{ type: 'verified', chip: 'cv181x', mlirVersion: 'v1.7', cvimodelVersion: '1.4.0', ionBytes: 4_000_000 },
  ...{ minCosine: 0.999, outputs, unmatched: [] },
};

/** The same bytes every time, without a pattern: a cipher's stream. */
function noise(length: number): Buffer {
  return createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(length));
}
