import { exitCode } from '../../errors';
import { checkModel, readModel } from '../../model';
import type { CheckReport } from '../../model/types';
import { inputSizeOf, targetOfName } from '../../tpumlir';
import type { Command } from '../command';
import { oneLine } from '../output';

interface Arguments {
  model: string;
  target: string;
  'input-size': string | undefined;
  'output-names': string | undefined;
}

export const check: Command<Arguments> = {
  command: 'check <model>',
  describe: 'Say what a model is, and whether and how it would be converted; costs nothing',
  examples: [
    ['check yolo11n.onnx', 'family, classes, heads, verdict'],
    ['check yolo11n.onnx --target maixcam --json', 'for a program'],
  ],
  options: (yargs) =>
    yargs
      .positional('model', { type: 'string', demandOption: true, describe: 'an ONNX file' })
      .option('target', { type: 'string', default: 'recamera', describe: 'recamera, maixcam, milkv' })
      .option('input-size', { type: 'string', describe: 'SIZE or HEIGHTxWIDTH, for a dynamic model' })
      .option('output-names', { type: 'string', describe: 'tensors to cut at, with commas between' }),
  run: async (args, { output }) => {
    const inputSize = args['input-size'] === undefined ? undefined : inputSizeOf(args['input-size']);
    const facts = await readModel(args.model, inputSize === undefined ? {} : { inputSize });
    const outputNames = args['output-names']?.split(',').map((name) => name.trim());
    const report = checkModel(facts, {
      target: targetOfName(args.target),
      ...(inputSize === undefined ? {} : { inputSize }),
      ...(outputNames === undefined ? {} : { outputNames }),
    });
    output.object(report);
    output.result(lines(report).map(oneLine).join('\n'));
    return report.verdict === 'refused' ? exitCode.input : exitCode.done;
  },
};

function lines(report: CheckReport): string[] {
  const { input, outputs, classes, heads, outputNames, changes, problems } = report;
  return [
    `verdict   ${report.verdict}`,
    `model     ${report.family}, ${report.task}, opset ${report.opset}, IR ${report.irVersion}`,
    `input     ${input.name} [${input.shape.join(', ')}]${input.dynamic ? ' (dynamic)' : ''}`,
    ...outputs.map(({ name, shape }) => `output    ${name} [${shape.join(', ')}]`),
    ...metadataLine(report),
    `classes   ${classes.length === 0 ? 'not named in the file' : `${classes.length}: ${classes.slice(0, 10).join(', ')}${classes.length > 10 ? ', …' : ''}`}`,
    ...heads.map(
      (head) =>
        `head      stride ${head.stride}: box ${head.box}, class ${head.class}${head.extra === null ? '' : `, extra ${head.extra}`}`,
    ),
    `cut at    ${outputNames.length === 0 ? "the graph's own outputs" : outputNames.join(', ')}`,
    ...changes.map((change) => `change    ${change}`),
    ...problems.map((problem) => `${problem.severity.padEnd(9)} ${problem.message}. ${problem.fix}`),
  ];
}

/** Longest value of the file's metadata that is shown to people; `--json` has all of it. */
const longestValue = 60;

/** What the exporter wrote; the names of the classes have a line of their own. */
function metadataLine({ metadata }: CheckReport): string[] {
  const shown = Object.entries(metadata).flatMap(([key, value]) => {
    if (key === 'names') return [];
    return [`${key} ${value.length > longestValue ? `${value.slice(0, longestValue)}…` : value}`];
  });
  return shown.length === 0 ? [] : [`metadata  ${shown.join('; ')}`];
}
