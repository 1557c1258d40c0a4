import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { choicesFor } from '../cloud/failover';
import { billOf } from '../cloud/bill';
import { findCloud } from '../cloud';
import type { ConversionSize } from '../cloud/duration';
import type { PlanRow } from '../cloud/plan';
import type { Cloud, MachineSize } from '../cloud/types';
import { UserError } from '../errors';
import { checkModel, companionFiles, needsOlderVersion, readCalibrationSet, readModel, readTestImage } from '../model';
import type { CalibrationImage, CheckReport, ModelFacts } from '../model/types';
import {
  commandsScript,
  conversionOptions,
  defaultVersion,
  inputSizeOf,
  installUnit,
  jobFile,
  pipelineSteps,
  targetOfName,
  toolchainKey,
  toolchainVersion,
} from '../tpumlir';
import { callerCidr, checkCidrs } from './caller-address';
import { inHome } from './home-trouble';
import { newJobId, ownerId } from './identity';
import { checkOutputs, companionPath, logPath, outputPaths, type OutputPaths } from './outputs';
import { choosePlan, usualToolchain } from './planning';
import type { ConvertWish, InputFile, JobRequest, Lease } from './request';
import { tableKeyOf } from './table-key';
import { tableOf } from './tables';

/** A job that can be run: everything was read and checked, and nothing was created yet. */
export interface Prepared {
  readonly request: JobRequest;
  readonly facts: ModelFacts;
  readonly check: CheckReport;
  readonly images: readonly CalibrationImage[];
  readonly testImage: CalibrationImage;
  readonly plan: PlanRow | null;
  /** What there is to do, for the estimate of its time. */
  readonly conversion: ConversionSize;
  readonly outputs: OutputPaths;
  readonly warnings: readonly string[];
  /** Files of an earlier run that this one starts with. */
  readonly takenOver: readonly { readonly name: string; readonly path: string; readonly sha256: string }[];
  readonly commandsText: string;
}

/** Who asks, and for whom. */
export interface PrepareContext {
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Reads and checks all that a conversion needs, and plans it. Creates nothing. Throws a `UserError` for what cannot be
 * converted, found, written or afforded.
 */
export async function prepare(wish: ConvertWish, context: PrepareContext): Promise<Prepared> {
  const target = targetOfName(wish.target);
  const inputSize = wish.conversion.inputSize === undefined ? undefined : inputSizeOf(wish.conversion.inputSize);
  const facts = await readModel(wish.model, inputSize === undefined ? {} : { inputSize });
  const wantedOutputs = wish.conversion.outputNames?.split(',').map((name) => name.trim());
  const check = checkModel(facts, {
    target,
    ...(inputSize === undefined ? {} : { inputSize }),
    ...(wantedOutputs === undefined ? {} : { outputNames: wantedOutputs }),
  });
  refuseErrors(check, wish.model);
  const { options, warnings: optionWarnings } = conversionOptions(
    wish.conversion,
    {
      modelPath: wish.model,
      inputShape: check.input.shape,
      task: check.task,
      family: check.family,
      outputNames: check.outputNames,
    },
    target,
  );
  const stem = path.parse(wish.model).name;
  const outputs = outputPaths(wish.out, stem, options.quantize);
  const convertVersion = needsOlderVersion(facts);
  const modelFile = path.basename(outputs.model);
  const besides = [
    ...companionFiles(target, facts, { modelFile, options, check }).map(({ name }) => companionPath(outputs, name)),
    ...[installUnit, ...pipelineSteps(options, { convertVersion }).map(({ unit }) => unit)].map((unit) =>
      logPath(outputs, unit),
    ),
  ];
  checkOutputs(outputs, besides, wish.force);
  const set = await readCalibrationSet(wish.images, { count: options.calibrationCount });
  const testImage = wish.testImage === null ? set.images[0] : await readTestImage(wish.testImage);
  if (testImage === undefined) throw noTestImage(wish.images);
  const images: InputFile[] = [];
  // One after the other: a thousand pictures are more than memory should hold.
  for (const image of set.images) images.push(await hashed(image, image.plainName));
  const test = await hashed(testImage, jobFile.testImage);

  const toolchain = wish.toolchain ?? usualToolchain(wish.host === null ? wish.provider : 'host');
  const conversion = {
    macs: facts.macs,
    bytes: facts.bytes,
    images: options.quantize === 'int8' ? images.length : 0,
    imageBytes: images.reduce((sum, image) => sum + image.bytes, 0),
    toolchain,
    calibrator: options.calibrator,
  };
  const plan = wish.host === null ? await choosePlan(wish, conversion, context) : null;
  const provider = plan?.provider ?? 'host';
  const version = toolchainVersion(defaultVersion);
  const tableKey = await tableKeyOf(facts.sha256, images, options, toolchainKey(version));
  const request: JobRequest = {
    schemaVersion: 1,
    job: newJobId(),
    wish: absolute(wish),
    provider,
    host: wish.host,
    lease: plan === null ? noLease(wish) : await leaseOf(wish, plan, context),
    backendUrl: wish.backendUrl,
    model: { path: path.resolve(wish.model), sha256: facts.sha256, bytes: facts.bytes },
    imagesPath: path.resolve(wish.images),
    testImagePath: wish.testImage === null ? null : path.resolve(wish.testImage),
    images,
    testImage: test,
    options,
    target,
    classes: facts.classes,
    convertVersion,
    toolchain,
    toolchainVersion: version.name,
    imageMirror: wish.imageMirror,
    out: outputs.folder,
    tableKey,
    resumedFrom: null,
  };
  const table = wish.reuseTable && options.calibrator === 'fast' ? tableOf(context.home, tableKey) : null;
  return {
    request,
    facts,
    check,
    images: set.images,
    testImage,
    plan,
    conversion,
    outputs,
    warnings: [
      ...check.problems
        .filter((problem) => problem.severity === 'warning')
        .map((problem) => `${problem.message}. ${problem.fix}`),
      ...optionWarnings,
      ...set.warnings,
      ...(plan?.warnings ?? []),
    ],
    takenOver:
      table === null || options.quantize !== 'int8'
        ? []
        : [{ name: jobFile.table, path: table, sha256: hashOf(fs.readFileSync(table)) }],
    commandsText: commandsScript(options, {
      version,
      convertVersion: request.convertVersion,
      // It is run in another folder than this one.
      pictures: images.map((image) => ({ source: path.resolve(image.path), plainName: image.plainName })),
      testImage: path.resolve(test.path),
      model: request.model.path,
    }),
  };
}

/** The wish with its paths made absolute: a later process may stand in another folder. */
function absolute(wish: ConvertWish): ConvertWish {
  return {
    ...wish,
    model: path.resolve(wish.model),
    images: path.resolve(wish.images),
    testImage: wish.testImage === null ? null : path.resolve(wish.testImage),
    out: path.resolve(wish.out),
  };
}

function refuseErrors(check: CheckReport, model: string): void {
  const first = check.problems.find((problem) => problem.severity === 'error');
  if (first === undefined) return;
  throw new UserError({
    code: first.code,
    what: `${model} cannot be converted`,
    why: first.message,
    fix: first.fix,
    exit: 'input',
  });
}

function noTestImage(images: string): UserError {
  return new UserError({
    code: 'no-images',
    what: `There is no readable picture in ${images}`,
    why: 'a picture is needed to compare the models with',
    fix: 'give --test-image FILE',
    exit: 'input',
  });
}

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function hashed(image: CalibrationImage, plainName: string): Promise<InputFile> {
  const bytes = await image.read();
  return { path: image.source, plainName, sha256: hashOf(bytes), bytes: bytes.length };
}

function noLease(wish: ConvertWish): Lease {
  return {
    region: 'own',
    size: 'own',
    choices: [],
    spot: false,
    diskGiB: wish.diskGiB,
    pricePerHour: 0,
    currency: 'USD',
    estimate: 0,
    ttlMinutes: wish.timeoutMinutes ?? 60,
    allowCidrs: [],
  };
}

/** Whether a size can live as long as planned within the bound, or within what the plan itself may come to. */
export function affordableAt(
  cloud: Cloud,
  plan: PlanRow,
  maxCost: number | undefined,
): (size: Pick<MachineSize, 'pricePerHour'>) => boolean {
  return (size) =>
    maxCost === undefined || billOf(cloud, size, plan.ttlMinutes * 60) <= Math.max(maxCost, plan.worstCase);
}

async function leaseOf(wish: ConvertWish, plan: PlanRow, context: PrepareContext): Promise<Lease> {
  const cloud = findCloud(plan.provider);
  const wishes = {
    region: plan.region,
    ...(plan.zone === null ? {} : { zone: plan.zone }),
    size: plan.size,
    regionNamed: wish.region !== undefined,
    sizeNamed: wish.size !== undefined,
  };
  const here = plan.provider === 'local';
  // It marks all that is made: refused here when it is damaged, not once something lives.
  if (!here) inHome(context.home, () => ownerId(context.home));
  return {
    region: plan.region,
    size: plan.size,
    choices: choicesFor(cloud, wishes, affordableAt(cloud, plan, wish.maxCost)),
    spot: wish.spot,
    diskGiB: wish.diskGiB,
    pricePerHour: plan.pricePerHour,
    currency: plan.currency,
    estimate: plan.estimate,
    ttlMinutes: plan.ttlMinutes,
    allowCidrs: here
      ? ['127.0.0.1/32']
      : wish.allowCidrs.length > 0
        ? checkCidrs(wish.allowCidrs)
        : [await callerCidr(context.env)],
  };
}
