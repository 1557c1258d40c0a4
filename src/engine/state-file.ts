import * as fs from 'node:fs';
import * as path from 'node:path';
import { homeFolder } from '../paths';
import type { StackResource } from './types';

/** Name of the project that every stack of cvicast belongs to. */
export const PROJECT = 'cvicast';

export interface StateResource extends StackResource {
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** What a stack's state knows: what exists, and creates that were begun and whose answer never came. */
export interface StackState {
  readonly resources: readonly StateResource[];
  readonly pending: readonly StackResource[];
  /** What the program returned, as of the last update that came to its end. */
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** Files of one stack in a file backend (layout of Pulumi's `file://` backend with projects, engine 3.x). */
export function stackFiles(root: string, job: string) {
  const base = path.join(root, '.pulumi');
  return {
    state: path.join(base, 'stacks', PROJECT, `${job}.json`),
    backup: path.join(base, 'stacks', PROJECT, `${job}.json.bak`),
    locks: path.join(base, 'locks', 'organization', PROJECT, job),
    layout: path.join(base, 'meta.yaml'),
    /** All that only this stack has. Beside each file the backend may keep one of attributes. */
    all: [
      ...['json', 'json.bak', 'json.torn', 'pulumi-tags'].flatMap((name) => {
        const file = path.join(base, 'stacks', PROJECT, `${job}.${name}`);
        return [file, `${file}.attrs`];
      }),
      path.join(base, 'backups', PROJECT, job),
      path.join(base, 'history', PROJECT, job),
      path.join(base, 'locks', 'organization', PROJECT, job),
    ],
  };
}

/**
 * Makes a stack that holds nothing: what `pulumi stack init` makes, without starting an engine for it. False, and nothing
 * made, where the backend has another layout than the one with projects, or holds what we do not know, or cannot be
 * written to: the engine decides then, and has the words for what is wrong.
 */
export function createBareState(root: string, job: string): boolean {
  const { state, layout } = stackFiles(root, job);
  try {
    const old = fs.existsSync(layout);
    if (old ? fs.readFileSync(layout, 'utf8').trim() !== layoutText : fs.existsSync(path.dirname(layout))) return false;
    fs.mkdirSync(path.dirname(state), { recursive: true });
    if (!old) writeWhole(layout, `${layoutText}\n`);
    writeWhole(state, `${JSON.stringify({ version: 3, checkpoint: { stack: `organization/${PROJECT}/${job}` } })}\n`);
    return true;
  } catch {
    return false;
  }
}

/** `meta.yaml` of a backend in which stacks belong to projects. */
const layoutText = 'version: 1';

function writeWhole(file: string, text: string): void {
  const aside = `${file}.${process.pid}`;
  try {
    fs.writeFileSync(aside, text, { mode: 0o600 });
    fs.renameSync(aside, file);
  } finally {
    fs.rmSync(aside, { force: true });
  }
}

/** Jobs that have a stack in the default backend. Reads names only. */
export function stacksOnDisk(home: string): string[] {
  try {
    return fs
      .readdirSync(path.join(homeFolder.state(home), '.pulumi', 'stacks', PROJECT))
      .flatMap((name) => (name.endsWith('.json') ? [name.slice(0, -'.json'.length)] : []))
      .sort();
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw thrown;
  }
}

/** The state of a job's stack in the default backend (from its backup where it is torn); null when there is none. */
export function readState(home: string, job: string): StackState | null {
  return readStateIn(homeFolder.state(home), job);
}

/** The same for a file backend in any folder. */
export function readStateIn(root: string, job: string): StackState | null {
  const files = stackFiles(root, job);
  return parseFile(files.state) ?? parseFile(files.backup);
}

/**
 * Restores a state file that a crash left empty or cut: from its backup, else it is set aside, so that the engine can
 * go on with none.
 */
export function mendState(root: string, job: string): 'whole' | 'restored' | 'lost' | 'none' {
  const files = stackFiles(root, job);
  if (parseFile(files.state) !== null) return 'whole';
  const torn = fs.existsSync(files.state);
  if (parseFile(files.backup) !== null) {
    const aside = `${files.state}.mending`;
    fs.copyFileSync(files.backup, aside);
    fs.renameSync(aside, files.state);
    return 'restored';
  }
  if (!torn) return 'none';
  fs.renameSync(files.state, `${files.state}.torn`);
  return 'lost';
}

function parseFile(file: string): StackState | null {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw thrown;
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return null;
  }
  const checkpoint = (content as { checkpoint?: { latest?: unknown } } | null)?.checkpoint;
  return checkpoint === undefined ? null : stateOfDeployment(checkpoint.latest);
}

const stackType = 'pulumi:pulumi:Stack';

interface RawResource {
  urn?: string;
  type?: string;
  id?: string;
  outputs?: Record<string, unknown>;
}

/** Reads a deployment, as `pulumi stack export` and the checkpoint hold it. The stack and its providers are left out. */
export function stateOfDeployment(deployment: unknown): StackState {
  const raw = (deployment ?? {}) as {
    resources?: RawResource[];
    pending_operations?: { type?: string; resource?: RawResource }[];
  };
  const resources = (raw.resources ?? []).filter(isReal).map((resource) => ({
    ...brief(resource),
    outputs: resource.outputs ?? {},
  }));
  const pending = (raw.pending_operations ?? []).flatMap((operation) =>
    operation.type === 'creating' && operation.resource !== undefined && isReal(operation.resource)
      ? [brief(operation.resource)]
      : [],
  );
  const outputs = raw.resources?.find(({ type }) => type === stackType)?.outputs ?? {};
  return { resources, pending, outputs };
}

function isReal(resource: RawResource): boolean {
  return resource.type !== stackType && resource.type?.startsWith('pulumi:providers:') !== true;
}

function brief(resource: RawResource): StackResource {
  return { urn: resource.urn ?? '', type: resource.type ?? '', id: resource.id ?? null };
}
