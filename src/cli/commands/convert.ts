import type { Argv } from 'yargs';
import { clouds } from '../../cloud';
import { exitCode, UserError } from '../../errors';
import { dryRunReceipt } from '../../job/dry-run';
import { abandonedJobs } from '../../job/collect';
import { endJobs } from '../../job/down';
import { prepare } from '../../job/prepare';
import { checkMinCosine } from '../../job/quality';
import type { ConvertWish } from '../../job/request';
import type { Command, Surroundings } from '../command';
import { agreed } from '../agree';
import { confirm } from '../confirm';
import { conversionFlags, rawConversionOptions } from '../conversion-options';
import { performJob } from '../perform';
import { numberOption, placeFlags } from '../place-options';
import { planLines } from '../plan-table';
import { renderer } from '../progress';

function options(yargs: Argv) {
  return conversionFlags(placeFlags(yargs))
    .positional('model', { type: 'string', demandOption: true, describe: 'an ONNX file' })
    .option('images', { type: 'string', demandOption: true, describe: 'calibration pictures: a folder or a .zip' })
    .option('test-image', {
      type: 'string',
      describe: 'picture to compare the models with (default: the first of --images)',
    })
    .option('out', { type: 'string', default: 'out', describe: 'folder for the results' })
    .option('force', { type: 'boolean', default: false, describe: 'overwrite earlier results in --out' })
    .option('provider', {
      type: 'string',
      describe: `${Object.keys(clouds).join(', ')} (default), cheapest, fastest`,
    })
    .option('host', { type: 'string', describe: 'a machine of yours instead: user@address[:port]' })
    .option('identity', { type: 'string', describe: 'private key file for --host (default: the SSH agent)' })
    .option('host-key', {
      type: 'string',
      describe: 'the host key of --host, "ssh-ed25519 AAAA…" (default: your known_hosts)',
    })
    .option('allow-cidr', {
      type: 'string',
      array: true,
      describe: 'who may reach port 22 (default: your public address alone)',
    })
    .option('min-cosine', {
      type: 'string',
      describe: 'quality gate: least cosine similarity to FP32 of every output; below it the exit code is 6',
    })
    .option('disk', { type: 'string', default: '30', describe: 'size of the disk, GiB' })
    .option('backend', { type: 'string', describe: 'where Pulumi keeps the state, by URL (default: this computer)' })
    .option('image-mirror', { type: 'string', describe: 'registry to pull the Docker image from' })
    .option('reuse-table', {
      type: 'boolean',
      default: true,
      describe: 'reuse the calibration table of an equal earlier run',
    })
    .option('dry-run', {
      type: 'boolean',
      default: false,
      describe: 'print the plan and the exact remote commands; create nothing',
    })
    .option('yes', { type: 'boolean', alias: 'y', default: false, describe: 'agree to the plan without being asked' });
}

type Arguments = ReturnType<typeof options> extends Argv<infer Flags> ? Flags : never;

export const convert: Command<Arguments> = {
  command: 'convert <model>',
  describe: 'Convert an ONNX model to a .cvimodel on an ephemeral machine, and tear it down',
  examples: [
    ['convert yolo11n.onnx --images ./calibration', 'on this computer'],
    ['convert yolo11n.onnx --images ./calibration --provider aws --max-cost 0.50', 'on a rented machine, with a bound'],
    ['convert yolo11n.onnx --images pictures.zip --host ubuntu@192.0.2.7', 'on a machine of yours'],
    ['convert yolo11n.onnx --images ./calibration --dry-run', 'what would run'],
  ],
  options,
  run: async (args, around) => {
    const { output, home, env } = around;
    const prepared = await prepare(wishOf(args), { home, env });
    for (const warning of prepared.warnings) output.talk(`${output.paint('yellow', 'warning:')} ${warning}`);
    if (args['dry-run']) {
      const receipt = dryRunReceipt(prepared, { home, env });
      if (prepared.plan !== null) for (const line of planLines(prepared.plan)) output.talk(line);
      output.object({ type: 'receipt', ...receipt });
      output.result(receipt.commands.join('\n'));
      return exitCode.done;
    }
    await offerSweep(args.yes, around);
    return performJob({ kind: 'new', prepared: await agreed(prepared, args.yes, around) }, around);
  },
};

function wishOf(args: Arguments): ConvertWish {
  if (args.host !== undefined && args.provider !== undefined) {
    throw new UserError({
      code: 'host-and-provider',
      what: '--host and --provider were both given',
      why: 'the one uses a machine of yours, the other rents one',
      fix: 'leave one of them out',
      exit: 'input',
    });
  }
  const disk = numberOption('disk', args.disk) ?? 30;
  if (!Number.isInteger(disk) || disk < 20 || disk > 500) {
    throw new UserError({
      code: 'bad-disk',
      what: `--disk ${args.disk} cannot be used`,
      why: 'toolchain, image and model need 20 GiB; more than 500 is surely a slip',
      fix: 'give whole GiB from 20 to 500',
      exit: 'input',
    });
  }
  return {
    model: args.model,
    images: args.images,
    testImage: args['test-image'] ?? null,
    out: args.out,
    force: args.force,
    provider: args.provider ?? 'local',
    host:
      args.host === undefined
        ? null
        : {
            host: args.host,
            ...(args.identity === undefined ? {} : { identity: args.identity }),
            ...(args['host-key'] === undefined ? {} : { hostKey: args['host-key'] }),
          },
    region: args.region,
    zone: args.zone,
    size: args.size,
    spot: args.spot,
    diskGiB: disk,
    maxCost: numberOption('max-cost', args['max-cost']),
    timeoutMinutes: numberOption('timeout', args.timeout),
    minCosine: checkMinCosine(numberOption('min-cosine', args['min-cosine'])),
    allowCidrs: args['allow-cidr'] ?? [],
    backendUrl: args.backend ?? null,
    target: args.target,
    toolchain: args.toolchain,
    imageMirror: args['image-mirror'] ?? null,
    reuseTable: args['reuse-table'],
    conversion: rawConversionOptions(args),
  };
}

/** What earlier jobs left is swept first, so that nobody pays for it unknowingly. */
async function offerSweep(yes: boolean, { output, home, env }: Surroundings): Promise<void> {
  const abandoned = abandonedJobs(home).map((folder) => folder.job);
  if (abandoned.length === 0) return;
  output.talk(
    `${abandoned.length} earlier job${abandoned.length === 1 ? '' : 's'} may still have something alive: ${abandoned.join(', ')}`,
  );
  if (!yes && !(await confirm(output, 'End them first?'))) {
    output.talk('left alone; `cvicast down --all` ends them');
    return;
  }
  const emit = renderer(output, { events: false });
  const ended = await endJobs(abandoned, { home, env, emit, signal: new AbortController().signal });
  for (const { job, left } of ended)
    output.talk(left.length === 0 ? `${job}: nothing is left` : `${job}: something is still alive; see \`cvicast ls\``);
}
