/** A machine we can talk to over SSH. Every name on the machine is ours and plain; the user's names stay at home. */

export interface SshTarget {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** Private key, OpenSSH form. Without one, `agent` is asked. */
  readonly privateKey?: string;
  /** Socket of an SSH agent that holds the key. */
  readonly agent?: string;
  /** The host keys that are accepted, `ssh-ed25519 AAAA…`; anything else is refused before authentication. */
  readonly hostKeys: readonly string[];
}

export type OutputStream = 'stdout' | 'stderr';

export interface ExecResult {
  /** Exit status; `null` when a signal ended it. */
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ExecOptions {
  readonly stdin?: string | Buffer;
  readonly onOutput?: (text: string, stream: OutputStream) => void;
  readonly timeoutSeconds?: number;
  readonly signal?: AbortSignal;
  /** The command may be run again when the connection is lost on its way; otherwise that is an error. */
  readonly repeatable?: boolean;
}

/** A long command that runs on the machine in a session of its own: it survives the connection, and can be followed again. */
export interface Unit {
  /** Plain name, `[a-z0-9-]+`; unique in the job's folder. */
  readonly name: string;
  readonly argv: readonly string[];
  /** Folder it runs in, below the job's folder. */
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface UnitResult {
  readonly status: number | null;
  readonly signal: string | null;
  readonly seconds: number;
}

export interface FileToSend {
  /** A local path, or the bytes themselves. */
  readonly from: { readonly path: string } | { readonly bytes: Buffer };
  /** Plain relative path below the remote folder: `[A-Za-z0-9._/-]+`, no `..`. */
  readonly to: string;
  readonly mode?: number;
  /** What its content was when it was looked at; another one is refused. */
  readonly sha256?: string;
}

export interface TransferProgress {
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export interface TransferOptions {
  readonly onProgress?: (progress: TransferProgress) => void;
  readonly signal?: AbortSignal;
}

export interface FetchOptions extends TransferOptions {
  /** Replace a file of this name; without it, one that is there is an error. */
  readonly overwrite?: boolean;
}

export interface Machine {
  /** Runs a short command to its end. Its exit status is a result, not an error. */
  exec(argv: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /** Starts a unit unless one of this name was started already (so it may be called again after a lost answer). */
  startUnit(unit: Unit): Promise<void>;
  /** Follows a unit's output (stdout and stderr as one text, from its first byte) until it ends; reconnects when the line is cut. */
  followUnit(name: string, options?: { onOutput?: (text: string) => void; signal?: AbortSignal }): Promise<UnitResult>;
  /** Ends a unit with all its processes; nothing to do when it is over. */
  stopUnit(name: string): Promise<void>;
  /** One tar stream; each file is checked by SHA-256 on arrival; what is already there with the right hash is not sent again. */
  send(files: readonly FileToSend[], remoteFolder: string, options?: TransferOptions): Promise<void>;
  /** Brings one file home: written beside, hash compared with the machine's, then renamed. Answers the hash. */
  fetch(remotePath: string, localPath: string, options?: FetchOptions): Promise<{ sha256: string; bytes: number }>;
  close(): Promise<void>;
}
