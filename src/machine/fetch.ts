import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { Client } from 'ssh2';
import { UserError, messageOf } from '../errors';
import { abortReason, untilAborted } from './abort';
import { run } from './channel';
import { diskFullHere } from './disk-full';
import { execOver, scriptLine } from './exec';
import { LineLost, persist, type Line } from './line';
import { below } from './names';
import type { FetchOptions } from './types';

/** Size and hash of a file, both of the same bytes even while it grows. */
const factsScript = `[ -f "$1" ] || exit 3
size=$(stat -c %s -- "$1") && echo "$size" && head -c "$size" -- "$1" | sha256sum`;

const readScript = `tail -c "+$(($2 + 1))" -- "$1" | head -c "$(($3 - $2))"`;

interface Facts {
  readonly bytes: number;
  readonly sha256: string;
}

async function factsOf(client: Client, remote: string, signal: AbortSignal | undefined): Promise<Facts> {
  const result = await execOver(client, scriptLine(factsScript, remote), signal ? { signal } : {});
  const match = /^(\d+)\n([0-9a-f]{64})/.exec(result.stdout);
  if (match) return { bytes: Number(match[1]), sha256: match[2] ?? '' };
  if (result.status === null) throw new LineLost('the shell on the machine was killed');
  throw new UserError({
    code: 'remote-file-missing',
    what: `${remote} is not on the machine`,
    why: result.stderr.trim() || 'the step that should have written it did not',
    fix: "Look into that step's log.",
    exit: 'provider',
  });
}

function localTrouble(problem: unknown, file: string): UserError {
  return (
    diskFullHere(problem, file) ??
    new UserError(
      {
        code: 'local-write-failed',
        what: `${file} cannot be written`,
        why: messageOf(problem),
        fix: 'Choose a folder that you may write to with --out.',
        exit: 'input',
      },
      { cause: problem },
    )
  );
}

/** What a step that touches local files throws becomes a UserError. */
async function here<T>(file: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (problem) {
    throw problem instanceof UserError ? problem : localTrouble(problem, file);
  }
}

interface Receiving {
  readonly client: Client;
  readonly remote: string;
  readonly part: string;
  readonly facts: Facts;
  readonly signal: AbortSignal | undefined;
  readonly onDone: (doneBytes: number) => void;
}

/** Brings what is missing of the file into the part; answers the hash of all of it. */
async function receive({ client, remote, part, facts, signal, onDone }: Receiving): Promise<string> {
  const hash = createHash('sha256');
  const file = await here(part, () => fs.promises.open(part, 'a+'));
  try {
    let done = await here(part, async () => {
      const { size } = await file.stat();
      if (size > facts.bytes) await file.truncate(0);
      if (size > facts.bytes || size === 0) return 0;
      const earlier = file.createReadStream({ start: 0, end: size - 1, autoClose: false });
      for await (const chunk of earlier as AsyncIterable<Buffer>) hash.update(chunk);
      return size;
    });
    onDone(done);
    if (done < facts.bytes) {
      const command = scriptLine(readScript, remote, String(done), String(facts.bytes));
      const running = await run(client, command, signal);
      running.channel.stderr.on('data', () => undefined);
      running.channel.end();
      const copy = async (): Promise<void> => {
        for await (const chunk of running.channel as AsyncIterable<Buffer>) {
          if (signal?.aborted) return;
          await here(part, () => file.appendFile(chunk));
          hash.update(chunk);
          done += chunk.length;
          onDone(done);
        }
        await running.ending;
      };
      try {
        await untilAborted(copy(), signal);
      } catch (problem) {
        running.leave();
        if (signal?.aborted) throw abortReason(signal);
        if (problem instanceof UserError) throw problem;
        throw new LineLost(messageOf(problem));
      }
      if (done < facts.bytes) throw new LineLost('the stream ended early');
    }
    await here(part, () => file.sync());
    return hash.digest('hex');
  } finally {
    await file.close();
  }
}

function alreadyThere(file: string): UserError {
  return new UserError({
    code: 'local-file-exists',
    what: `${file} exists`,
    why: 'a file that is there is not overwritten',
    fix: 'Choose another folder with --out, move the file away, or add --force.',
    exit: 'input',
  });
}

/** Gives the part its final name, and makes that last. */
async function settle(part: string, localPath: string, overwrite: boolean): Promise<void> {
  if (overwrite) {
    await fs.promises.rename(part, localPath);
  } else {
    // Unlike a rename, a link never replaces what came there in the meantime.
    try {
      await fs.promises.link(part, localPath);
      await fs.promises.unlink(part);
    } catch (problem) {
      if ((problem as NodeJS.ErrnoException).code === 'EEXIST' || fs.existsSync(localPath))
        throw alreadyThere(localPath);
      // A file system without hard links.
      await fs.promises.rename(part, localPath);
    }
  }
  if (process.platform === 'win32') return;
  const folder = await fs.promises.open(path.dirname(localPath));
  await folder.sync().finally(() => folder.close());
}

/** See `Machine.fetch`. */
export async function fetch(
  line: Line,
  jobFolder: string,
  remotePath: string,
  localPath: string,
  options: FetchOptions = {},
): Promise<{ sha256: string; bytes: number }> {
  const { signal, overwrite = false } = options;
  const remote = below(jobFolder, remotePath);
  const part = `${localPath}.part`;
  if (!overwrite && fs.existsSync(localPath)) throw alreadyThere(localPath);
  try {
    return await persist(line, signal, async (client, onward) => {
      // A part that an earlier run left may be of another file: then once more from its start.
      for (const isLast of [false, true]) {
        const facts = await factsOf(client, remote, signal);
        const onDone = (doneBytes: number): void => {
          onward();
          options.onProgress?.({ doneBytes, totalBytes: facts.bytes });
        };
        const sha256 = await receive({ client, remote, part, facts, signal, onDone });
        if (sha256 === facts.sha256) {
          await here(localPath, () => settle(part, localPath, overwrite));
          return facts;
        }
        await here(part, () => fs.promises.rm(part));
        if (isLast) break;
      }
      throw new UserError({
        code: 'fetch-hash-mismatch',
        what: `${remote} came home with another hash than it has on the machine`,
        why: 'it changes while it is fetched, or the disk of one side is bad',
        fix: 'Try again on a new machine.',
        exit: 'provider',
      });
    });
  } catch (problem) {
    // On a full disk what we have is worth less than the room it takes; the machine still has all of it.
    if (problem instanceof UserError && problem.code === 'disk-full-here') await fs.promises.rm(part, { force: true });
    throw problem;
  }
}
