import { known, type Known, type Rule, type Seen } from './known';

/** Shapes of operations that slide a window over a picture. All lay out `[N, C, spatial…]`. */

interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly begins: readonly number[];
  readonly ends: readonly number[];
  readonly auto: string;
}

function windowOf(seen: Seen, kernel: readonly number[]): Window {
  const ones = kernel.map(() => 1);
  const pads = seen.list('pads') ?? kernel.flatMap(() => [0, 0]);
  return {
    kernel,
    strides: seen.list('strides') ?? ones,
    dilations: seen.list('dilations') ?? ones,
    begins: pads.slice(0, kernel.length),
    ends: pads.slice(kernel.length),
    auto: seen.node.attributes.get('auto_pad')?.text ?? 'NOTSET',
  };
}

function slide(size: number, at: number, window: Window, ceil: boolean): number {
  const stride = window.strides[at] ?? 1;
  if (window.auto.startsWith('SAME')) return Math.ceil(size / stride);
  const padding = window.auto === 'VALID' ? 0 : (window.begins[at] ?? 0) + (window.ends[at] ?? 0);
  const reach = (window.dilations[at] ?? 1) * ((window.kernel[at] ?? 1) - 1) + 1;
  const steps = (size + padding - reach) / stride;
  return (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1;
}

const conv: Rule = (seen) => {
  const [input, weight] = seen.inputs;
  if (!input || !weight || input.shape.length < 3 || weight.shape.length !== input.shape.length) return null;
  const [batch = 1, , ...spatial] = input.shape;
  const [channels = 1, , ...kernel] = weight.shape;
  const window = windowOf(seen, kernel);
  return [known([batch, channels, ...spatial.map((size, at) => slide(size, at, window, false))])];
};

const convTranspose: Rule = (seen) => {
  const [input, weight] = seen.inputs;
  if (!input || !weight || input.shape.length < 3 || weight.shape.length !== input.shape.length) return null;
  const [batch = 1, , ...spatial] = input.shape;
  const [, perGroup = 1, ...kernel] = weight.shape;
  const window = windowOf(seen, kernel);
  const extra = seen.list('output_padding') ?? [];
  const grow = (size: number, at: number): number => {
    const stride = window.strides[at] ?? 1;
    if (window.auto.startsWith('SAME')) return size * stride;
    const reach = (window.dilations[at] ?? 1) * ((window.kernel[at] ?? 1) - 1) + 1;
    return stride * (size - 1) + (extra[at] ?? 0) + reach - (window.begins[at] ?? 0) - (window.ends[at] ?? 0);
  };
  return [known([batch, perGroup * seen.integer('group', 1), ...spatial.map(grow)])];
};

const pool: Rule = (seen) => {
  const input = seen.inputs[0];
  const kernel = seen.list('kernel_shape');
  if (!input || !kernel || input.shape.length !== kernel.length + 2) return null;
  const [batch = 1, channels = 1, ...spatial] = input.shape;
  const window = windowOf(seen, kernel);
  const ceil = seen.integer('ceil_mode', 0) === 1;
  return [known([batch, channels, ...spatial.map((size, at) => slide(size, at, window, ceil))])];
};

const globalPool: Rule = ({ inputs: [input] }) =>
  input ? [known(input.shape.map((dim, at) => (at < 2 ? dim : 1)))] : null;

function scaled(input: Known, scales: readonly number[]): Known {
  return known(input.shape.map((dim, at) => Math.floor(dim * (scales[at] ?? 1))));
}

/** Resize(X, roi, scales, sizes), Upsample(X, scales), Resize 10 (X, scales). */
const resize: Rule = ({ inputs, node }) => {
  const [input, second, third, fourth] = inputs;
  if (!input) return null;
  const sizes = fourth?.values;
  if (sizes && sizes.length === input.shape.length) return [known(sizes)];
  const scales = third?.values ?? (inputs.length === 2 ? second?.values : null);
  if (scales && scales.length === input.shape.length) return [scaled(input, scales)];
  return node.inputs.length === 1 ? [known(input.shape)] : null;
};

const depthToSpace: Rule = (seen) => {
  const input = seen.inputs[0];
  const block = seen.integer('blocksize', 1);
  const [batch, channels, height, width] = input?.shape ?? [];
  if (batch === undefined || channels === undefined || height === undefined || width === undefined) return null;
  return [known([batch, channels / block ** 2, height * block, width * block])];
};

const spaceToDepth: Rule = (seen) => {
  const input = seen.inputs[0];
  const block = seen.integer('blocksize', 1);
  const [batch, channels, height, width] = input?.shape ?? [];
  if (batch === undefined || channels === undefined || height === undefined || width === undefined) return null;
  return [known([batch, channels * block ** 2, height / block, width / block])];
};

const pad: Rule = (seen) => {
  const input = seen.inputs[0];
  const pads = seen.list('pads', 1);
  if (!input || pads?.length !== input.shape.length * 2 || seen.inputs.length > 3) return null;
  const rank = input.shape.length;
  return [known(input.shape.map((dim, at) => dim + (pads[at] ?? 0) + (pads[at + rank] ?? 0)))];
};

const gemm: Rule = (seen) => {
  const [a, b] = seen.inputs;
  if (a?.shape.length !== 2 || b?.shape.length !== 2) return null;
  const rows = a.shape[seen.integer('transA', 0) === 1 ? 1 : 0] ?? 1;
  const columns = b.shape[seen.integer('transB', 0) === 1 ? 0 : 1] ?? 1;
  return [known([rows, columns])];
};

export const windowRules: Readonly<Record<string, Rule>> = {
  Conv: conv,
  ConvTranspose: convTranspose,
  MaxPool: pool,
  AveragePool: pool,
  LpPool: pool,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  Resize: resize,
  Upsample: resize,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  Pad: pad,
  Gemm: gemm,
};
