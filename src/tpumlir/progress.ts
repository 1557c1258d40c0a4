import { jsonLines } from './read-log';
import type { StageName } from './types';

/** How far a stage is, as one line can say it. */
export interface StageProgress {
  readonly stage: StageName;
  /** 0…1, never falling; null while nothing can be said. */
  readonly fraction: number | null;
  readonly note: string | null;
}

/** A sign in the log, and what it means for the stage: a point reached, or a bar that fills a stretch of it. */
type Sign =
  | { readonly sign: RegExp; readonly at: number; readonly note: string }
  /** First group: percent, or with two groups done and total. */
  | { readonly sign: RegExp; readonly from: number; readonly to: number; readonly note: string };

/** Shares of the stage's time, as measured on the sample model (transform 7 s, stock calibration 58 s, deploy 9 s). */
const signs: Readonly<Record<StageName, readonly Sign[]>> = {
  transform: [
    { sign: /Input_shape assigned/, at: 0.1, note: 'reading the graph' },
    { sign: /\[Success\]: tpuc-opt .*_origin\.mlir/, at: 0.25, note: 'graph translated' },
    { sign: /Saving .*_ref_outputs\.npz/, at: 0.35, note: 'float reference made' },
    { sign: /^compare .*\| *(\d+)\/(\d+) \[/, from: 0.45, to: 1, note: 'comparing with ONNX' },
  ],
  calibrate: [
    { sign: /activation_collect_and_calc_th.*\| *(\d+)\/(\d+) \[/, from: 0, to: 0.4, note: 'collecting activations' },
    { sign: /\[\d+\] threshold: .*\| *(\d+)\/(\d+) \[/, from: 0.4, to: 0.45, note: 'thresholds' },
    { sign: /tune op: .*\| *(\d+)\/(\d+) \[/, from: 0.45, to: 1, note: 'tuning' },
    { sign: /^auto tune end/, at: 1, note: 'tuned' },
  ],
  deploy: [
    { sign: /\[Success\]: tpuc-opt .*--convert-top-to-tpu/, at: 0.2, note: 'quantised' },
    { sign: /\[Running\]: npz_tool\.py compare .*_tpu_outputs\.npz .*_top/, at: 0.35, note: 'comparing with float' },
    { sign: /\[Success\]: tpuc-opt .*--layer-group/, at: 0.6, note: 'layers grouped' },
    { sign: /\[Success\]: tpuc-opt .*--codegen/, at: 0.75, note: 'model written' },
    { sign: /\[Running\]: npz_tool\.py compare .*_model_outputs\.npz/, at: 0.9, note: 'trying the model' },
    { sign: /\[Success\]: npz_tool\.py compare .*_model_outputs\.npz/, at: 1, note: 'model tried' },
  ],
  verify: [],
};

/** Shares of our own calibration's two parts. */
const ownParts: Readonly<Record<string, readonly [number, number, string]>> = {
  activations: [0, 0.6, 'collecting activations'],
  tuning: [0.6, 1, 'tuning'],
};

/**
 * A reader of a stage's output as it comes, in chunks of any size. Answers the progress when a chunk changed it, else
 * null. Knows the tools' marks, their progress bars (which overwrite a line with `\r`), and our own JSON lines.
 */
export function progressReader(stage: StageName): (chunk: string) => StageProgress | null {
  let rest = '';
  let fraction: number | null = null;
  let note: string | null = null;
  const see = (reached: number, said: string): void => {
    // Bars come more than once; what was reached stays reached.
    if (reached < (fraction ?? 0)) return;
    fraction = Math.min(1, reached);
    note = said;
  };
  return (chunk) => {
    const before = `${fraction ?? ''} ${note ?? ''}`;
    const lines = (rest + chunk).split(/[\r\n]/);
    rest = (lines.pop() ?? '').slice(-65_536);
    for (const line of lines) readLine(stage, line, see);
    return before === `${fraction ?? ''} ${note ?? ''}` ? null : { stage, fraction, note };
  };
}

function readLine(stage: StageName, line: string, see: (fraction: number, note: string) => void): void {
  for (const sign of signs[stage]) {
    const match = sign.sign.exec(line);
    if (match === null) continue;
    if ('at' in sign) see(sign.at, sign.note);
    else see(sign.from + (sign.to - sign.from) * share(match[1], match[2]), sign.note);
  }
  if (stage !== 'calibrate') return;
  for (const event of jsonLines(line)) {
    if (event['type'] === 'done') see(1, 'table made');
    if (event['type'] !== 'progress') continue;
    const [from, to, said] = ownParts[String(event['stage'])] ?? [0, 0, 'stock calibration'];
    const left = typeof event['secondsLeft'] === 'number' ? `, ${event['secondsLeft']} s left` : '';
    const memory = memoryText(event['memoryBytes']);
    see(from + (to - from) * share(String(event['done']), String(event['total'])), `${said}${left}${memory}`);
  }
}

/** Of all its processes together; nothing where it does not know. */
function memoryText(bytes: unknown): string {
  return typeof bytes === 'number' && bytes > 0 ? `, ${Math.round(bytes / 1e6)} MB of memory` : '';
}

function share(done: string | undefined, total: string | undefined): number {
  const of = Number(total);
  return of > 0 ? Math.min(1, Number(done) / of) : 0;
}
