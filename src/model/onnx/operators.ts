/**
 * ONNX operators that tpu_mlir 1.7 can read: the table `onnxop_factory` of its `transform/OnnxConverter.py`, read
 * November 2026. Control flow (If, Loop) and non-maximum suppression are in it, but do not run on cv181x.
 */
export const knownOperators: ReadonlySet<string> = new Set(
  `Abs Acos Add And ArgMax ArgMin Atan Atanh AveragePool BatchNormalization Cast Ceil Clip Concat Constant
  ConstantOfShape Conv ConvTranspose Cos CumSum DepthToSpace DequantizeLinear Div Dropout Einsum Elu Equal Erf Exp
  Expand Flatten Floor GELU GRU Gather GatherElements GatherND Gemm GlobalAveragePool GlobalMaxPool Greater
  GreaterOrEqual GridSample GroupNormalization HardSigmoid HardSwish Identity If InstanceNormalization LRN LSTM
  LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax Loop MatMul Max MaxPool Min Mul Neg NonMaxSuppression
  NonZero Not OneHot PRelu Pad PixelNormalization Pow QuantizeLinear Range Reciprocal ReduceL1 ReduceL2 ReduceMax
  ReduceMean ReduceMin ReduceProd ReduceSum Relu Reshape Resize RoiAlign Round ScatterElements ScatterND Shape Sigmoid
  Sign Sin Slice Softmax Softplus Split Sqrt Squeeze Sub Sum Tanh Tile TopK Transpose Trilu Unsqueeze Upsample Where`.split(
    /\s+/,
  ),
);
