/** Tells from its first bytes what a file is that is no ONNX. Returns null when it might be one. */
export interface Lookalike {
  readonly what: string;
  readonly fix: string;
}

const onnxWanted = 'pass the .onnx file that your training tool exports';
const ultralytics =
  'export it first: yolo export model=X.pt format=onnx opset=17 imgsz=640 (imgsz = the size it was trained at)';

const magics: readonly (Lookalike & { readonly bytes: string; readonly at?: number })[] = [
  { bytes: 'ffd8ff', what: 'a JPEG picture', fix: onnxWanted },
  { bytes: '89504e470d0a1a0a', what: 'a PNG picture', fix: onnxWanted },
  { bytes: '504b0304', what: 'a zip archive, as PyTorch and TorchScript models (.pt) are', fix: ultralytics },
  { bytes: '504b0506', what: 'an empty zip archive', fix: onnxWanted },
  { bytes: '8002', what: 'a Python pickle, as old PyTorch models (.pt) are', fix: ultralytics },
  { bytes: '1f8b', what: 'a gzip archive', fix: 'unpack it first: gunzip FILE.gz' },
  { bytes: 'fd377a585a00', what: 'an xz archive', fix: 'unpack it first: unxz FILE.xz' },
  { bytes: '28b52ffd', what: 'a zstd archive', fix: 'unpack it first: unzstd FILE.zst' },
  { bytes: '377abcaf271c', what: 'a 7-zip archive', fix: 'unpack it first' },
  { bytes: '526172211a07', what: 'a RAR archive', fix: 'unpack it first' },
  { bytes: '894844460d0a1a0a', what: 'an HDF5 file, as Keras models are', fix: onnxWanted },
  { bytes: '54464c33', at: 4, what: 'a TensorFlow Lite model', fix: onnxWanted },
  { bytes: '437669', what: 'a .cvimodel, which is converted already', fix: onnxWanted },
  { bytes: '7f454c46', what: 'an executable program', fix: onnxWanted },
  { bytes: '25504446', what: 'a PDF document', fix: onnxWanted },
  { bytes: '424d', what: 'a BMP picture', fix: onnxWanted },
];

/** `head`: the first bytes of the file (4 KiB are plenty). */
export function lookalike(head: Buffer): Lookalike | null {
  const text = head.toString('latin1');
  if (text.startsWith('version https://git-lfs.github.com/spec/')) {
    return { what: 'a Git LFS pointer, not the model itself', fix: 'fetch the model: git lfs pull' };
  }
  for (const { bytes, at = 0, what, fix } of magics) {
    const magic = Buffer.from(bytes, 'hex');
    if (head.subarray(at, at + magic.length).equals(magic)) return { what, fix };
  }
  if (/^\s*(<!doctype html|<html)/i.test(text)) {
    return { what: 'a web page (a download that failed, perhaps)', fix: 'download the model again, as a file' };
  }
  if (head.every((byte) => byte === 0)) return { what: 'nothing but zeros', fix: 'copy or download the model again' };
  if (isText(head)) return { what: 'a text file', fix: onnxWanted };
  return null;
}

function isText(head: Buffer): boolean {
  return head.every((byte) => byte === 9 || byte === 10 || byte === 13 || (byte >= 32 && byte !== 127));
}
