import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { UserError } from '../../src/errors';
import { readModel, type ReadOptions } from '../../src/model';
import type { ModelFacts } from '../../src/model/types';

export const fixtures = path.join(__dirname, '..', '_fixtures');
export const examples = path.join(__dirname, '..', '..', 'examples');

/** A folder that is removed after the tests of the file. */
export function scratchFolder(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cvicast-model-'));
  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function unpacked(name: string): Buffer {
  return gunzipSync(fs.readFileSync(path.join(fixtures, name)));
}

/** Writes bytes to a file of the folder and answers its path. */
export function written(folder: string, name: string, bytes: Buffer | string): string {
  const file = path.join(folder, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, bytes);
  return file;
}

export async function factsOf(folder: string, bytes: Buffer, options?: ReadOptions): Promise<ModelFacts> {
  return readModel(written(folder, 'model.onnx', bytes), options);
}

/** What a promise fails with; fails the test when it does not, or with anything but a UserError. */
export async function refusalOf(promise: Promise<unknown>): Promise<UserError> {
  const thrown: unknown = await promise.then(
    () => 'nothing was thrown',
    (reason: unknown) => reason,
  );
  if (!(thrown instanceof UserError)) throw new TypeError(`expected a UserError, got ${String(thrown)}`);
  return thrown;
}
