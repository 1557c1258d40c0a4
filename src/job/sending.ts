import type { FileToSend } from '../machine';
import type { CalibrationImage } from '../model/types';
import { jobFile } from '../tpumlir';
import type { JobFolder } from './folder';
import { keptFile, keptFiles } from './pipeline';
import type { Prepared } from './prepare';

/**
 * What the machine needs of this computer: model, pictures, and what came home from an earlier run. Files are named rather than
 * read, so that they are not all in memory at once; what came in by then another content than was planned with is refused.
 */
export async function filesToSend(folder: JobFolder, prepared: Prepared): Promise<FileToSend[]> {
  const { request } = prepared;
  const hashes = new Map(request.images.map(({ plainName, sha256 }) => [plainName, sha256]));
  const files: FileToSend[] = [
    { from: { path: request.model.path }, to: jobFile.model, sha256: request.model.sha256 },
    { from: await contentOf(prepared.testImage), to: jobFile.testImage, sha256: request.testImage.sha256 },
  ];
  for (const image of prepared.images) {
    const sha256 = hashes.get(image.plainName);
    const to = `${jobFile.images}/${image.plainName}`;
    files.push({ from: await contentOf(image), to, ...(sha256 === undefined ? {} : { sha256 }) });
  }
  return [...files, ...keptFiles(folder).map((name) => ({ from: { path: keptFile(folder, name) }, to: name }))];
}

/** A picture in an archive has no file of its own. */
async function contentOf({ file, read }: CalibrationImage): Promise<FileToSend['from']> {
  return file === null ? { bytes: await read() } : { path: file };
}
