import { UserError } from '../errors';
import { installNote } from './install';

interface Failure {
  readonly code: string;
  readonly what: string;
  readonly why: string;
  readonly fix: string;
}

/** What each failure code of the install scripts means to a user. */
const failures: Readonly<Record<string, Omit<Failure, 'code'> & { code?: string }>> = {
  'python-missing': {
    code: 'python310-missing',
    what: 'CPython 3.10 was not found on the machine, and TPU-MLIR runs on no other',
    why: 'none on PATH that runs, none in ~/.pyenv/versions, and `uv python install 3.10` could not download one',
    fix: 'Give it one of three ways: put a python3.10 on PATH (Ubuntu 22.04: `sudo apt install python3.10 python3.10-venv`), or `pyenv install 3.10`, or let `uv python install 3.10` reach its download host.',
  },
  'uv-missing': {
    what: 'uv, which installs the packages, could not be had',
    why: 'it is not on PATH, and no Python on the machine has pip or venv to install it with',
    fix: 'Install uv (`pip install uv`), or Debian/Ubuntu: `sudo apt install python3-venv`.',
  },
  'pip-unreachable': {
    what: 'The Python package index could not be reached from the machine',
    why: 'the network, a proxy or a certificate stands between',
    fix: 'Check `pip download tpu_mlir==1.7 --no-deps` there; behind a proxy set HTTPS_PROXY, for an index of your own PIP_INDEX_URL, for its certificate SSL_CERT_FILE.',
  },
  'pip-refused': {
    what: 'The Python packages of the toolchain could not be installed',
    why: 'the package index does not offer the exact versions, or refused',
    fix: 'Read the end of the install log; an index of your own must carry tpu_mlir 1.7 and what it needs.',
  },
  'disk-full': {
    what: 'The disk of the machine is too full for the toolchain',
    why: 'it needs about 2 GB while it is installed (the Docker image several more)',
    fix: 'Free some space, or take a machine with a larger disk.',
  },
  'folder-denied': {
    what: 'The toolchain has no folder to go to',
    why: 'its place cannot be written by the login user, nor through sudo',
    fix: 'Make the folder writable, or set CVICAST_HOME to one that is.',
  },
  'folder-taken': {
    what: "The toolchain's folder holds something else",
    why: 'cvicast did not make what is in it, so it does not delete it',
    fix: 'Move that folder away and run again.',
  },
  'lock-timeout': {
    what: 'Another install of the same toolchain did not end within 30 minutes',
    why: 'it still holds its lock',
    fix: 'See what it does (`ps -ef | grep install_venv`), end it and run again.',
  },
  'unsupported-machine': {
    what: 'TPU-MLIR does not run on this kind of machine',
    why: 'it is made for x86-64 Linux only',
    fix: 'Take an x86-64 size (`cvicast plan` lists them), not ARM.',
  },
  'toolchain-broken': {
    what: 'The toolchain was installed but does not run there',
    why: "the machine's C library and the one that TPU-MLIR bundles do not go together",
    fix: 'Use Ubuntu 22.04, or --toolchain docker; the end of the install log has the exact words.',
  },
  'docker-missing': {
    what: 'There is no Docker on the machine',
    why: 'it is not a rented one, and cvicast installs no packages on a machine that somebody owns',
    fix: 'Install Docker there, or use --toolchain venv, which needs none.',
  },
  'docker-unavailable': {
    what: 'Docker cannot be used on the machine',
    why: 'it is not there and cannot be installed, or its daemon does not start',
    fix: 'Use --toolchain venv, which needs no Docker, or install and start Docker there.',
  },
  'apt-failed': {
    what: 'Docker could not be installed with apt',
    why: 'apt failed or its lock was never free',
    fix: 'Use --toolchain venv, which needs no Docker; or run again.',
  },
  'docker-refused': {
    what: 'Docker did not start the container',
    why: 'the daemon refused it',
    fix: 'Read the end of the install log, or use --toolchain venv.',
  },
  'image-rate-limited': {
    what: 'Docker Hub answered 429: too many pulls from this address',
    why: 'anonymous pulls are counted by address, and clouds share theirs',
    fix: 'Use --image-mirror with a mirror near the machine, or --toolchain venv, or try again in some hours.',
  },
  'image-missing': {
    what: 'The registry does not have the image',
    why: 'it, or the mirror that was given, does not offer it',
    fix: 'Check --image-mirror, or use --toolchain venv.',
  },
  'image-unreachable': {
    what: 'The image could not be pulled',
    why: 'five attempts failed; in mainland China Docker Hub is out of reach',
    fix: 'Use --image-mirror with a registry that the machine reaches, or --toolchain venv.',
  },
  interrupted: {
    what: 'The install of the toolchain was interrupted',
    why: 'something ended it on the machine',
    fix: 'Run again: nothing half-installed is kept.',
  },
};

/**
 * Why an install failed, from its output (the last line names the code) and exit status (null: ended by a signal).
 * Answers rather than throws: the caller tears down first.
 */
export function installError(output: string, status: number | null): UserError {
  const code = /^cvicast-result: failed ([a-z-]+)$/m.exec(output)?.[1];
  const failure = code === undefined ? undefined : failures[code];
  const note = installNote(output);
  if (code === undefined || failure === undefined) {
    return new UserError({
      code: 'install-failed',
      what: 'The toolchain could not be installed',
      why: `the install ended with ${status === null ? 'a signal' : `status ${status}`} and said: ${lastWords(output)}`,
      fix: 'Read the install log; run again, for nothing half-installed is kept.',
      exit: 'provider',
    });
  }
  return new UserError({
    code: failure.code ?? code,
    what: failure.what,
    why: note === null ? failure.why : `${failure.why} (${note})`,
    fix: failure.fix,
    exit: 'provider',
  });
}

function lastWords(output: string): string {
  const line = output.trimEnd().split('\n').at(-1)?.trim() ?? '';
  return line === '' ? 'nothing' : line.slice(0, 200);
}
