/** What the tools' failures mean. Adding one is adding an entry; the first that fits is the answer, so special before general. */
export interface KnownFailure {
  readonly code: string;
  readonly sign: RegExp;
  /** Further sign that must be there too. */
  readonly also?: RegExp;
  /** Fixed where the sign belongs to one place only; else told from the log. */
  readonly stage?: string;
  /** `$1` stands for the sign's first group. */
  readonly cause: string;
  readonly fix: string;
}

const heads =
  'Leave --output-names out: cvicast cuts the graph at the heads that the board decodes (`cvicast check MODEL` prints them).';

const moreMemory = 'Take a size with more memory, or fewer pictures (--calibration-count 50).';

/** Seen in logs of TPU-MLIR 1.7, or in public issues of sophgo/tpu-mlir, Seeed-Studio and sipeed repositories. */
const machine: readonly KnownFailure[] = [
  {
    code: 'disk-full',
    sign: /No space left on device|Errno 28|os error 28/,
    cause: 'The disk of the machine is full.',
    fix: 'Take a machine with a larger disk (--disk), or free some space on your own.',
  },
  {
    code: 'out-of-memory',
    sign: /"code":"worker-killed","message":"((?:[^"\\]|\\.)*was killed by SIGKILL(?:[^"\\]|\\.)*)"/,
    stage: 'calibrate',
    cause: 'A process of the calibration was ended by force, most often because the machine is out of memory: $1.',
    fix: moreMemory,
  },
  {
    code: 'out-of-memory',
    sign: /"code":"stock-failed","message":"([^"]*exit code (?:-9|137))"/,
    stage: 'calibrate',
    cause: 'The stock calibration was ended by force, most often because the machine is out of memory: $1.',
    fix: moreMemory,
  },
  {
    code: 'out-of-memory',
    sign: /"code":"memory","message":"((?:[^"\\]|\\.)*)"/,
    stage: 'calibrate',
    cause: 'The calibration does not fit into the memory of the machine: $1.',
    fix: moreMemory,
  },
  {
    code: 'out-of-memory',
    sign: /std::bad_alloc|MemoryError|Cannot allocate memory|Out of memory|^Killed$|unable to allocate necessary resources for OMP thread/m,
    cause: 'The machine ran out of memory.',
    fix: `${moreMemory} The stock calibration holds the activations of all pictures at once; the usual one (--calibrator fast) needs less.`,
  },
  {
    code: 'glibc-mismatch',
    sign: /GLIBC_[\d.]+' not found|stack smashing detected/,
    stage: 'install',
    cause: 'TPU-MLIR bundles glibc 2.35, and the system has a newer one: programs that load both die.',
    fix: 'Use Ubuntu 22.04, or move libc.so.6 libm.so.6 libpthread.so.0 libstdc++.so.6 libgcc_s.so.1 out of tpu_mlir/lib/third_party (cvicast installs do that).',
  },
  {
    code: 'toolchain-broken',
    sign: /No module named '?(tpu_mlir|pymlir|pkg_resources|pyruntime_cvi|onnx\w*)|(?:model_transform|model_deploy|run_calibration|model_tool|model_runner)(?:\.py)?'?: (?:command not found|No such file)/,
    cause: 'The toolchain on the machine is incomplete ($1).',
    fix: 'Delete its folder and run again: cvicast installs it anew.',
  },
];

const transform: readonly KnownFailure[] = [
  {
    code: 'opset-too-new',
    sign: /ValidateOpsetForDomain|Unsupported model IR version|ir_version \d+ is higher than the checker|only \*guarantees\* support for models stamped/,
    cause: 'The ONNX file is of a newer opset or IR version than TPU-MLIR 1.7 reads (opset 18, IR 8).',
    fix: 'cvicast converts the version when it sees this; by hand: export with opset=17.',
  },
  {
    code: 'version-not-convertible',
    sign: /"type": ?"version-refused", ?"why": ?"([^"]*)"/,
    stage: 'transform',
    cause: "The model's ONNX version cannot be brought down to opset 18: $1.",
    fix: 'Export the model again with opset=17.',
  },
  {
    code: 'half-precision',
    sign: /operand graph_input_cast_\d+ not found/,
    cause: 'The model was exported with half-precision weights, which the converter does not read.',
    fix: 'Export again without half=True; the board gets INT8 or BF16 anyway.',
  },
  {
    code: 'end-to-end-model',
    sign: /Op not support: ?\{[^}]*?'(Mod|NonMaxSuppression|TopK|GatherElements|NonZero)'/,
    cause: 'The end of the graph picks boxes itself (operator $1), and the converter has no such operator.',
    fix: `Export without nms=True or end2end, or cut that end off. ${heads}`,
  },
  {
    code: 'unsupported-operator',
    sign: /Op not support: ?\{([^}]*)\}/,
    cause: 'The model has operators that the converter does not know: $1.',
    fix: `If they stand behind the detection heads, cutting removes them. ${heads} Else replace the layer and export again.`,
  },
  {
    code: 'unknown-output-name',
    sign: /Error, can't find \[([^\]]*)\] in model/,
    cause: 'The model has no tensor of the name $1; names differ between exporter versions.',
    fix: heads,
  },
  {
    code: 'input-size-mismatch',
    sign: /KeyError: ["']operand .* not found/,
    also: /WARNING: ConstantFolding failed/,
    cause: 'The input size that was given does not fit the graph: it could not be folded, so parts of it were lost.',
    fix: 'Give the size that the model was exported with, both sides multiples of 32 (`cvicast check MODEL` prints it).',
  },
  {
    code: 'graph-not-readable',
    sign: /KeyError: ["']operand (\S+) not found/,
    cause: 'The converter lost the tensor $1 in the graph.',
    fix: 'Export again with opset=17 and simplify=True.',
  },
  {
    code: 'unknown-flag',
    sign: /could not convert string to float: '(-[^']*)'/,
    cause: 'model_transform does not know the flag $1 and took it for a part of the mean.',
    fix: 'Leave that flag out (`--no_keep_aspect_ratio` does not exist: leave --keep_aspect_ratio out).',
  },
  {
    code: 'test-image-missing',
    sign: /^(.*) doesn't existed !!!/m,
    cause: 'The test picture $1 is not there.',
    fix: 'Give a picture that exists with --test-image.',
  },
  {
    code: 'bad-file-name',
    sign: /should endswith \.mlir, not:(\S+)|unsupport model:(\S+)/,
    cause: 'The tools read extensions literally: the file must end in .mlir (the model in .onnx).',
    fix: 'Rename the file.',
  },
  {
    code: 'not-onnx',
    sign: /protobuf\.message\.DecodeError|INVALID_PROTOBUF/,
    cause: 'The file is no ONNX model, or it is cut short.',
    fix: 'Export or copy it again; `cvicast check MODEL` says what it is.',
  },
  {
    code: 'unknown-constant-comparison',
    sign: /CompareConst\.cpp/,
    cause: 'The compiler meets a comparison with a constant that it does not support: the end of a YOLO26 pose model.',
    fix: `${heads} Or use YOLO11 for poses.`,
  },
];

const later: readonly KnownFailure[] = [
  {
    code: 'no-calibration-images',
    sign: /There is no inputs|"code":"no-pictures"/,
    stage: 'calibrate',
    cause: 'The calibration folder holds no picture.',
    fix: 'Give a folder (or .zip) with jpg, png or bmp pictures with --images.',
  },
  {
    code: 'calibration-file-kind',
    sign: /File illegal:(.*)|Only support one input type/,
    stage: 'calibrate',
    cause: 'The calibration folder holds something else beside pictures.',
    fix: 'Give a folder with pictures only.',
  },
  {
    code: 'picture-unreadable',
    sign: /"code":"picture-(?:unreadable|gone)","message":"([^"]*)"/,
    stage: 'calibrate',
    cause: 'A calibration picture cannot be read: $1.',
    fix: 'Remove it from --images and run again.',
  },
  {
    code: 'tables-differ',
    sign: /^(line \d+ differs: .+)$/m,
    stage: 'calibrate',
    cause: 'The fast calibration made another table than the stock one for this model: $1.',
    fix: 'Use --calibrator stock, and please report it with both tables.',
  },
  {
    code: 'stock-calibration-failed',
    sign: /"code":"stock-failed","message":"([^"]*)"/,
    stage: 'calibrate',
    cause: 'This model was left to the stock calibration, and that failed: $1.',
    fix: "Read the end of calibrate.log, where run_calibration's own last words stand; --quantize bf16 needs no calibration.",
  },
  {
    code: 'calibration-input-missing',
    sign: /"code":"no-(?:weights|model)","message":"((?:[^"\\]|\\.)*)"/,
    stage: 'calibrate',
    cause: 'A file that the step before should have left is missing: $1.',
    fix: 'Convert again on a new machine; if it stays, report it (the stock calibration reads the same file).',
  },
  {
    code: 'calibration-failed',
    sign: /"type":"error","code":"[\w-]+","message":"((?:[^"\\]|\\.)*)"/,
    stage: 'calibrate',
    cause: 'The calibration failed: $1.',
    fix: 'Use --calibrator stock; if that fails too, the end of its log says why.',
  },
  {
    code: 'calibration-table-missing',
    sign: /can'?t open calibration table/,
    stage: 'deploy',
    cause: 'model_deploy does not find the calibration table.',
    fix: 'Run the calibration in the same folder first, and give its exact name.',
  },
  {
    code: 'f16-with-fused-preprocess',
    sign: /raw format not support current type|Preprocess\.cpp:\d+/,
    stage: 'deploy',
    cause: 'F16 does not go with a fused preprocess, and does not run on cv181x at all.',
    fix: 'Use --quantize int8 or bf16.',
  },
  {
    code: 'needs-fuse-preprocess',
    sign: /aligned_input requires fuse_preprocess|If not fuse_preprocess, customization_format/,
    stage: 'deploy',
    cause: '--aligned-input and --customization-format describe a raw frame, and the preprocess is not fused.',
    fix: 'Add --fuse-preprocess, or leave both out.',
  },
  {
    code: 'float-model-differs',
    sign: /\[!Error\]: npz_tool\.py compare \S+ \S+_ref_outputs\.npz/,
    stage: 'transform',
    cause: 'The translated float model gives other numbers than the ONNX model.',
    fix: 'Export again with opset=17 and simplify=True; a tolerance above 0.99 cannot be reached by every layer.',
  },
  {
    code: 'built-model-differs',
    sign: /\[!Error\]: npz_tool\.py compare \S+_model_outputs\.npz/,
    stage: 'deploy',
    cause: 'The built model gives other numbers in the simulator than the quantised graph that it was built from.',
    fix: 'Use --quantize bf16, or report it to sophgo/tpu-mlir: this is a fault of the compiler.',
  },
  {
    code: 'quantised-model-differs',
    sign: /\[!Error\]: npz_tool\.py compare \S+ \S+/,
    stage: 'deploy',
    cause: 'The quantised model is further from the float model than --tolerance allows.',
    fix: 'Calibrate with pictures like those the board will see (100 or more); or --quantize bf16; or lower --tolerance.',
  },
  {
    code: 'outputs-not-finite',
    sign: /"type": ?"verify-failed", ?"why": ?"not finite: ([^"]*)"/,
    stage: 'verify',
    cause: 'On the test picture the finished model gives NaN or infinity instead of numbers, at the output $1.',
    fix: 'Run the ONNX model on that picture: it may do so itself. If it does not, try --quantize bf16 and report it.',
  },
  {
    code: 'verify-failed',
    sign: /"type": ?"verify-failed", ?"why": ?"([^"]*)"/,
    stage: 'verify',
    cause: 'The finished model did not pass its trial in the simulator: $1.',
    fix: 'Convert again; if it stays, try --quantize bf16 and report it.',
  },
  {
    code: 'compiler-crashed',
    sign: /PLEASE submit a bug report|Stack dump:|Segmentation fault|core dumped|\[!Error\]: tpuc-opt/,
    cause:
      'The compiler crashed on this graph (seen with uncut OBB graphs, and with ends of graphs that sort or pick boxes).',
    fix: `${heads} Or try --quantize bf16.`,
  },
  {
    code: 'bad-argument',
    sign: /^\S+\.py: error: (.*)$/m,
    cause: 'The tool refused its command line: $1.',
    fix: 'Check that flag against `model_transform.py --help`, `run_calibration.py --help`, `model_deploy.py --help`.',
  },
];

/** Words of the boards themselves, for those who run `cvicast explain` on a log of their device. */
const boards: readonly KnownFailure[] = [
  {
    code: 'board-model-not-supported',
    sign: /Model not supported/i,
    stage: 'board',
    cause: 'No decoder of the board fits the outputs: an uncut graph, or a firmware older than the model family.',
    fix: 'Convert with cvicast defaults for the board; YOLO26 needs reCamera firmware after January 2026.',
  },
  {
    code: 'board-input-format',
    sign: /CVI_FMT not support/,
    stage: 'board',
    cause: "MaixCAM's runtime takes int8 or float32 input, and this model takes uint8 (fused preprocess).",
    fix: 'Convert with --target maixcam.',
  },
  {
    code: 'board-outputs-misread',
    sign: /output node shape error|need 3 bbox and 3 cls/i,
    stage: 'board',
    cause:
      'The graph was cut at other outputs than this board reads, or it has 4 classes, which look like box channels.',
    fix: 'Convert with the --target of the board and without --output-names.',
  },
  {
    code: 'board-open-failed',
    sign: /0xc0010102/i,
    stage: 'board',
    cause:
      "The runtime could not open the model: built for another chip, cut wrong, or with another number of classes than the program's.",
    fix: 'Convert with --target milkv, and set the class count of the program (its default is 80).',
  },
  {
    code: 'board-memory',
    sign: /cvi_device_mem|CviDeviceMem|\bION\b.*(?:fail|alloc)/,
    stage: 'board',
    cause: 'The board has no device memory for the model: too large, used by another program, or run without root.',
    fix: 'Stop the other program (reCamera: Node-RED), run with sudo, or use a smaller model or input size.',
  },
];

export const knownFailures: readonly KnownFailure[] = [...machine, ...transform, ...later, ...boards];
