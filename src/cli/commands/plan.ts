import type { Argv } from 'yargs';
import { exitCode } from '../../errors';
import type { ConversionSize } from '../../cloud/duration';
import { shownRows, usualToolchain } from '../../job/planning';
import { readCalibrationSet, readModel } from '../../model';
import { countOf, inputSizeOf } from '../../tpumlir';
import type { Command } from '../command';
import { numberOption, placeFlags } from '../place-options';
import { planLines, planTable } from '../plan-table';

function options(yargs: Argv) {
  return placeFlags(yargs)
    .positional('model', { type: 'string', demandOption: true, describe: 'an ONNX file' })
    .option('provider', { type: 'string', default: 'all', describe: 'a cloud, all, cheapest or fastest' })
    .option('images', {
      type: 'string',
      describe: 'the calibration pictures, for their real number and bytes: a folder or a .zip',
    })
    .option('calibration-count', {
      type: 'string',
      default: '100',
      describe: 'calibration pictures to plan for; with --images, at most',
    })
    .option('input-size', { type: 'string', describe: 'SIZE or HEIGHTxWIDTH, for a dynamic model' });
}

type Arguments = ReturnType<typeof options> extends Argv<infer Flags> ? Flags : never;

export const plan: Command<Arguments> = {
  command: 'plan <model>',
  describe: 'Say what a conversion would create, take and cost, on one cloud or all; creates nothing',
  examples: [
    ['plan yolo11n.onnx', 'all clouds side by side'],
    ['plan yolo11n.onnx --images ./calibration --provider aws --size c6i.large --max-cost 0.50', 'one cloud in full'],
    ['plan yolo11n.onnx --provider cheapest --json', 'the cheapest of those with credentials'],
  ],
  options,
  run: async (args, { output, home, env }) => {
    const inputSize = args['input-size'] === undefined ? undefined : inputSizeOf(args['input-size']);
    const facts = await readModel(args.model, inputSize === undefined ? {} : { inputSize });
    const toolchain = args.toolchain ?? usualToolchain(args.provider);
    const wish = {
      provider: args.provider,
      region: args.region,
      zone: args.zone,
      size: args.size,
      spot: args.spot,
      maxCost: numberOption('max-cost', args['max-cost']),
      timeoutMinutes: numberOption('timeout', args.timeout),
    };
    const pictures = await picturesOf(args.images, countOf(args['calibration-count']));
    for (const warning of pictures.warnings) output.talk(`${output.paint('yellow', 'warning:')} ${warning}`);
    const shown = await shownRows(
      wish,
      { macs: facts.macs, bytes: facts.bytes, ...pictures.size, toolchain, calibrator: 'fast' },
      { home, env },
    );
    output.object(shown);
    const [first] = shown;
    if (shown.length === 1 && first !== undefined)
      output.result([...planLines(first), ...first.warnings.map((warning) => `warning   ${warning}`)].join('\n'));
    else output.result(planTable(shown));
    return exitCode.done;
  },
};

/** How many pictures, and of how many bytes where they are given; what `convert` would warn of them is said here too. */
async function picturesOf(
  place: string | undefined,
  count: number,
): Promise<{ size: Pick<ConversionSize, 'images' | 'imageBytes'>; warnings: readonly string[] }> {
  if (place === undefined) return { size: { images: count }, warnings: [] };
  const { images, warnings } = await readCalibrationSet(place, { count });
  const imageBytes = images.reduce((sum, image) => sum + image.bytes, 0);
  return { size: { images: images.length, imageBytes }, warnings };
}
