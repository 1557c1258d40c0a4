import * as path from 'node:path';
import { cli, root, type CliResult } from './cli';
import { startCloud, type CloudStandIn } from './cloud';
import { lendFakeToolchain } from './fake-tools';
import { useHome } from './home';
import { useScratch } from './scratch';

const model = path.join(root, 'examples/shapes-yolo11n-320.onnx');
const images = path.join(root, 'examples/calibration');

export interface FastConversion {
  readonly cloud: CloudStandIn;
  /** Folder of the results. */
  readonly out: string;
  /** Home folder of cvicast. */
  readonly home: string;
  /** `cvicast convert` of the sample with further options. */
  convert(...more: readonly string[]): Promise<CliResult>;
  /** Any other command of the same user. */
  run(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<CliResult>;
}

/**
 * Conversions on a cloud's stand-in whose machines find a toolchain that takes no time: for what goes on around the
 * tools. Call inside `describe`.
 */
export function useFastConversion(): (
  provider: string,
  options?: Readonly<Record<string, string>>,
) => Promise<FastConversion> {
  const home = useHome();
  const scratch = useScratch();
  const started: CloudStandIn[] = [];
  afterEach(async () => {
    await Promise.all(started.splice(0).map((one) => one.stop()));
  });
  return async (provider, options = {}) => {
    const { toolchains } = lendFakeToolchain(scratch());
    const cloud = await startCloud(provider, { toolchains, ...options });
    started.push(cloud);
    const env = { ...home().env, ...cloud.env, HOME: scratch(), CVICAST_RETRY_SECONDS: '0.05' };
    const out = path.join(scratch(), 'out');
    const place = ['--provider', provider, '--toolchain', 'venv', '--allow-cidr', '127.0.0.1/32', '--yes'];
    const what = ['convert', model, '--images', images, '--calibration-count', '10', '--out', out];
    return {
      ...{ cloud, out, home: home().path },
      convert: (...more) => cli([...what, ...place, ...more], { env }),
      run: (args, other = {}) => cli(args, { env: { ...env, ...other } }),
    };
  };
}
