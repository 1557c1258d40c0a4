import type { Graph } from './onnx/graph';
import { elements } from './onnx/known';
import type { Shapes } from './heads/walk';

/**
 * Multiply-accumulates of all convolutions and matrix products for one picture; null when a shape is missing or the
 * graph has none.
 */
export function macsOf(graph: Graph, shapes: Shapes): number | null {
  let sum = 0;
  for (const node of graph.nodes) {
    const output = shapes.get(node.outputs[0] ?? '');
    const [first, second] = [shapes.get(node.inputs[0] ?? ''), shapes.get(node.inputs[1] ?? '')];
    if (!['Conv', 'ConvTranspose', 'MatMul', 'Gemm'].includes(node.operator)) continue;
    if (!output || !first || !second) return null;
    if (node.operator === 'Conv') sum += elements(output) * elements(second.slice(1));
    else if (node.operator === 'ConvTranspose') sum += elements(first) * elements(second.slice(1));
    else sum += elements(output) * (first.at(-1) ?? 0);
  }
  return sum > 0 && Number.isSafeInteger(sum) ? sum : null;
}
