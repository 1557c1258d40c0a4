import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import type { Client } from 'ssh2';
import { pack } from 'tar-stream';
import { Bug, UserError } from '../errors';
import { abortReason } from './abort';
import { run } from './channel';
import { diskFullThere } from './disk-full';
import { execOver, scriptLine } from './exec';
import { persist, type Line } from './line';
import { below } from './names';
import { contentOf, prepare, type Piece, type ReadyFile } from './pieces';
import type { FileToSend, TransferOptions } from './types';

/** Says which files in folder `$1/$2`, listed on stdin as `sha256sum -c` reads them, are there and right. */
const checkScript = `cd -- "$1/$2" 2>/dev/null || exit 0
LC_ALL=C sha256sum -c - 2>/dev/null | sed -n 's/: OK$//p'`;

const receiveScript = `umask 077
mkdir -p -- "$1/$2" && cd -- "$1/$2" && exec tar -xof -`;

/**
 * Puts files in `$1` together from their pieces in `$1/$2`. Each line of stdin: hash, mode, name, pieces. A file takes
 * its name only when its hash is right; the names of those that did are written out.
 */
const assembleScript = `umask 077
cd -- "$1" || exit 3
while read -r hash mode name pieces; do
  paths=
  for piece in $pieces; do paths="$paths $2/$piece"; done
  cat $paths >"$2/whole" || exit 3
  printf '%s\\n' "$hash  $2/whole" | sha256sum -c --status - || continue
  case $name in */*) mkdir -p -- "\${name%/*}" || exit 3 ;; esac
  chmod "$mode" "$2/whole" && mv -f -- "$2/whole" "./$name" || exit 3
  echo "$name"
done`;

const tidyScript = `rm -rf -- "$1/$2"`;

interface Destination {
  readonly client: Client;
  readonly folder: string;
  /** Where pieces wait until all of a file's are there; named by what is sent, so that another sending has its own. */
  readonly waiting: string;
  readonly signal: AbortSignal | undefined;
}

function refusal(stderr: string, otherwise: string): UserError {
  return (
    diskFullThere(stderr) ??
    new UserError({
      code: 'send-failed',
      what: 'the machine did not take our files',
      why: stderr.trim().split('\n').slice(-3).join(' ') || otherwise,
      fix: 'Try again on a new machine.',
      exit: 'provider',
    })
  );
}

/** Runs one of our scripts on `$1` folder, `$2` subfolder; answers the lines that it writes. */
async function ask(to: Destination, script: string, subfolder: string, stdin: string): Promise<Set<string>> {
  const options = { stdin, ...(to.signal ? { signal: to.signal } : {}) };
  const result = await execOver(to.client, scriptLine(script, to.folder, subfolder), options);
  if (result.status !== 0)
    throw refusal(result.stderr, `its shell ended with ${result.status ?? result.signal ?? '?'}`);
  return new Set(result.stdout.split('\n'));
}

async function* tarOf(pieces: readonly Piece[], onPiece: (piece: Piece) => void): AsyncGenerator<Buffer> {
  const archive = pack();
  const fill = async (): Promise<void> => {
    for (const piece of pieces) {
      const content = await contentOf(piece);
      await new Promise<void>((resolve, reject) => {
        // The callback comes when the archive's reader has taken the entry.
        archive.entry({ name: piece.sha256, mode: 0o600 }, content, (problem) =>
          problem ? reject(problem) : resolve(),
        );
      });
      onPiece(piece);
    }
    archive.finalize();
  };
  fill().catch((problem: unknown) => archive.destroy(problem as Error));
  try {
    yield* archive as AsyncIterable<Buffer>;
  } finally {
    archive.destroy();
  }
}

async function sendPieces(to: Destination, pieces: readonly Piece[], onPiece: (piece: Piece) => void): Promise<void> {
  const { channel, ending } = await run(to.client, scriptLine(receiveScript, to.folder, to.waiting), to.signal);
  let stderr = '';
  channel.on('data', () => undefined);
  channel.stderr.on('data', (chunk: Buffer) => (stderr = `${stderr}${chunk.toString('utf8')}`.slice(-4000)));
  let broken: unknown = null;
  // Not waited for: into a channel that is left in the middle it writes for ever.
  void pipeline(tarOf(pieces, onPiece), channel).catch((problem: unknown) => (broken = problem));
  const ended = await ending.catch((problem: unknown) => problem as Error);
  if (to.signal?.aborted) throw abortReason(to.signal);
  // A file of ours that cannot be read also breaks the stream: it is the cause then.
  if (broken instanceof UserError) throw broken;
  if (ended instanceof Error) throw ended;
  if (ended.status !== 0) throw refusal(stderr, `tar ended with ${ended.status ?? ended.signal ?? '?'}`);
}

function totalOf(things: readonly { readonly bytes: number }[]): number {
  return things.reduce((sum, { bytes }) => sum + bytes, 0);
}

function uniquePieces(files: readonly ReadyFile[]): Piece[] {
  return [...new Map(files.flatMap((file) => file.pieces).map((piece) => [piece.sha256, piece])).values()];
}

async function missingOf(to: Destination, files: readonly ReadyFile[]): Promise<ReadyFile[]> {
  const there = await ask(to, checkScript, '.', files.map((file) => `${file.sha256}  ${file.to}\n`).join(''));
  return files.filter((file) => !there.has(file.to));
}

async function lackingOf(to: Destination, pieces: readonly Piece[]): Promise<Piece[]> {
  const list = pieces.map(({ sha256 }) => `${sha256}  ${sha256}\n`).join('');
  const there = await ask(to, checkScript, to.waiting, list);
  return pieces.filter((piece) => !there.has(piece.sha256));
}

/** See `Machine.send`. */
export async function send(
  line: Line,
  jobFolder: string,
  files: readonly FileToSend[],
  remoteFolder: string,
  options: TransferOptions = {},
): Promise<void> {
  const { signal } = options;
  const folder = below(jobFolder, remoteFolder);
  const ready: ReadyFile[] = [];
  for (const file of files) ready.push(await prepare(file));
  if (new Set(ready.map((file) => file.to)).size < ready.length)
    throw new Bug('two files have one name on the machine');

  const manifest = createHash('sha256').update(ready.map((file) => `${file.sha256} ${file.to}\n`).join(''));
  const waiting = `.incoming-${manifest.digest('hex').slice(0, 16)}`;
  const totalBytes = totalOf(ready);
  let told = -1;
  const tell = (doneBytes: number): void => {
    if (doneBytes <= told) return;
    told = doneBytes;
    options.onProgress?.({ doneBytes, totalBytes });
  };

  await persist(line, signal, async (client, onward) => {
    const to: Destination = { client, folder, waiting, signal };
    let missing = await missingOf(to, ready);
    for (let round = 1; missing.length > 0; round++) {
      if (round > 3) throw refusal('', `${missing[0]?.to ?? ''} arrived with another hash than it has here`);
      const lacking = await lackingOf(to, uniquePieces(missing));
      let toGo = totalOf(lacking);
      tell(totalBytes - toGo);
      await sendPieces(to, lacking, ({ bytes }) => {
        onward();
        toGo -= bytes;
        // The last step is told when all hashes are right.
        if (toGo > 0) tell(totalBytes - toGo);
      });
      const lines = missing.map(
        ({ sha256, mode, to: name, pieces }) =>
          `${sha256} ${mode.toString(8)} ${name} ${pieces.map((piece) => piece.sha256).join(' ')}\n`,
      );
      const placed = await ask(to, assembleScript, waiting, lines.join(''));
      missing = missing.filter((file) => !placed.has(file.to));
    }
    await ask(to, tidyScript, waiting, '');
  });
  tell(totalBytes);
}
