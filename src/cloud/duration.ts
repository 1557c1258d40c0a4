import type { ToolchainKind } from '../tpumlir/types';
import type { Throttle } from './types';

/**
 * How long a conversion takes, from the model's size, the number of pictures and the vCPUs.
 *
 * Measured on 2026-11-28 with tpu_mlir 1.7, YOLO11n, 100 pictures, on two cores of an AMD EPYC that had nothing else to do
 * (`scripts/bench-calibration 1`): our calibrator, in an earlier version that ran every operator with one thread (now one
 * does only where that gives stock's bytes), 25.0 s at 640 and 7.2 s at 320 with one process, 14.3 s and 4.2 s with
 * two; the stock tool 108.9 s and 36.7 s whatever the cores. Transform 13 s and 7 s, deploy 16 s and 9 s, earlier that month
 * by hand; transform takes half of that since its comparisons run in a process a core (docs/decisions/0007), which was not
 * measured there, so the plan keeps the longer time. The straight lines through these two points are the constants below.
 * Four and eight processes follow from them (7.6 s and 4.2 s at 640) and were not measured. A busy host's machine without
 * AVX-512 took 3.4 to 4.4 times as long, ours and the stock tool alike.
 * Estimated, not measured: the share of a core that a cloud's vCPU is, docker's pull, the upload.
 */
const measured = {
  transform: { seconds: 5, perGigaMac: 2.5 },
  deploy: { seconds: 6.7, perGigaMac: 2.9 },
  calibrationStart: { seconds: 0.3, perGigaMac: 0.18 },
  calibrationPicture: { seconds: 0.0099, perGigaMac: 0.0711 },
  stockPicture: { seconds: 0.127, perGigaMac: 0.296 },
  /** Two processes did 1.8 times the work of one. */
  sharedEfficiency: 0.9,
  /** Installing tpu_mlir 1.7 and its pins into a venv with pip; uv needs 16 s. */
  venvSeconds: 60,
} as const;

const estimated = {
  /** A cloud's vCPU is one of two threads of a core: this much of a measured core. */
  vcpuShare: 0.65,
  /** apt's docker.io 40 s, the image (about 3 GB packed) 150 s, tpu_mlir inside 60 s. */
  dockerSeconds: 250,
  /** A home uplink of 8 Mbit/s. */
  uploadBytesPerSecond: 1_000_000,
  pictureBytes: 200_000,
  /** Engine up and down, checks of the files, bringing home, the last sweep. */
  aroundSeconds: 40,
  /** Multiply-accumulates a byte of ONNX file, for models whose shapes are unknown (YOLO11n at 640: 3.25 G, 10.5 MB). */
  macsPerByte: 310,
} as const;

export interface ConversionSize {
  /** Multiply-accumulates of one picture; `null` when the graph does not tell. */
  readonly macs: number | null;
  /** Bytes of the model file. */
  readonly bytes: number;
  /** Calibration pictures; 0 without calibration. */
  readonly images: number;
  /** Bytes of all pictures, where known. */
  readonly imageBytes?: number;
  readonly toolchain: ToolchainKind;
  readonly calibrator?: 'fast' | 'stock' | 'both';
}

export interface MachineSpeed {
  readonly vcpus: number;
  readonly bootSeconds: number;
  /** This computer: whole cores, no upload, a toolchain that may be there already. */
  readonly local?: boolean;
  /** A burstable size that is slowed down. */
  readonly throttle?: Throttle | undefined;
}

export interface DurationEstimate {
  readonly seconds: number;
  readonly parts: Readonly<
    Record<'boot' | 'toolchainAndUpload' | 'transform' | 'calibrate' | 'deploy' | 'around', number>
  >;
  /** How it was estimated, one sentence. */
  readonly how: string;
}

const throttleInWords = ({ afterSeconds, share }: Throttle): string =>
  `the size is slowed down to ${Math.round(share * 100)} % ${afterSeconds === 0 ? 'in the long run' : `after ${Math.round(afterSeconds / 60)} min of work`}`;

const line = (of: { seconds: number; perGigaMac: number }, gigaMacs: number): number =>
  of.seconds + of.perGigaMac * gigaMacs;

function calibration(size: ConversionSize, gigaMacs: number, vcpus: number, share: number): number {
  if (size.images === 0) return 0;
  const start = line(measured.calibrationStart, gigaMacs) / share;
  const stock = (line(measured.stockPicture, gigaMacs) * size.images) / share;
  const processes = Math.max(1, Math.min(vcpus, size.images));
  const efficiency = processes > 1 ? measured.sharedEfficiency : 1;
  const fast = start + (line(measured.calibrationPicture, gigaMacs) * size.images) / (processes * efficiency * share);
  if (size.calibrator === 'stock') return stock;
  return size.calibrator === 'both' ? stock + fast : fast;
}

/**
 * What work takes on a machine that is slowed down, one stage after the other from `begun` (seconds of its life) on: at full
 * speed until the throttle, at its share of the speed afterwards. Boot and installation count as full work.
 */
function slowedDown(throttle: Throttle | undefined, begun: number): (seconds: number) => number {
  if (throttle === undefined) return (seconds) => seconds;
  let clock = begun;
  return (seconds) => {
    const full = Math.max(0, Math.min(seconds, throttle.afterSeconds - clock));
    const taken = full + (seconds - full) / throttle.share;
    clock += taken;
    return taken;
  };
}

/** Seconds from the request to the machine's end, with its parts. */
export function conversionDuration(size: ConversionSize, machine: MachineSpeed): DurationEstimate {
  const gigaMacs = (size.macs ?? size.bytes * estimated.macsPerByte) / 1e9;
  const share = machine.local ? 1 : estimated.vcpuShare;
  const toolchain = size.toolchain === 'docker' ? estimated.dockerSeconds : measured.venvSeconds;
  const toSend = size.bytes + (size.imageBytes ?? size.images * estimated.pictureBytes);
  const upload = machine.local ? 0 : toSend / estimated.uploadBytesPerSecond;
  const before = machine.bootSeconds + Math.max(toolchain, upload);
  const work = {
    transform: line(measured.transform, gigaMacs) / share,
    calibrate: calibration(size, gigaMacs, machine.vcpus, share),
    deploy: line(measured.deploy, gigaMacs) / share,
  };
  const slowed = slowedDown(machine.throttle, before);
  const parts = {
    boot: machine.bootSeconds,
    toolchainAndUpload: before - machine.bootSeconds,
    transform: slowed(work.transform),
    calibrate: slowed(work.calibrate),
    deploy: slowed(work.deploy),
    around: estimated.aroundSeconds,
  };
  const total = (of: Readonly<Record<string, number>>): number =>
    Object.values(of).reduce((sum, part) => sum + part, 0);
  const seconds = total(parts);
  const slower = parts.transform + parts.calibrate + parts.deploy > total(work);
  const basis = size.macs === null ? 'the file size, as the graph does not tell its work' : 'the work of one picture';
  const how = `from ${basis} (${gigaMacs.toFixed(2)} GMAC), ${size.images} pictures and ${machine.vcpus} vCPUs, scaled from YOLO11n on two cores; boot, ${
    size.toolchain === 'docker' ? 'image pull' : 'package install'
  } and an upload at 8 Mbit/s are assumed${slower && machine.throttle ? `; ${throttleInWords(machine.throttle)}` : ''}`;
  return { seconds, parts, how };
}
