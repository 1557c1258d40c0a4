import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import type { Fault } from '../cloud/core/faults';
import type { Found } from '../cloud/core/find-inside';
import { whyNoMachines } from '../cloud/core/machine';
import { usualSecret } from '../cloud/core/table';
import { tables } from '../cloud/tables';

export interface LedgerEntry {
  readonly kind: string;
  readonly id: string;
  readonly region: string;
  readonly zone?: string;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly state: 'active' | 'off' | 'deleted';
  readonly createdAt: number;
  readonly deletedAt: number | null;
  readonly deletedBy: string | null;
  readonly pricePerHour: number;
  /** Has the guest armed a timer of its own? */
  readonly guestTimer: boolean;
}

export interface LedgerView {
  readonly entries: readonly LedgerEntry[];
  /** USD, by the cloud's own rounding. */
  readonly bill: number;
  readonly remarks: readonly string[];
  /** Gates at which something waits. */
  readonly waitingAt: readonly string[];
  /** Does a connection to a machine stand still? */
  readonly stalled: boolean;
  /** How far ahead the timers of platform and guests were armed, minutes: also those that were called off since. */
  readonly armed: readonly number[];
}

export interface CloudStandIn {
  /** What a child `bin/cvicast` needs to find this cloud and no other: credentials, endpoints, the attached plugin. */
  readonly env: Readonly<Record<string, string>>;
  /** The plugin, for PULUMI_DEBUG_PROVIDERS; null for a cloud that our own provider serves over HTTP. */
  readonly attach: { readonly name: string; readonly port: number } | null;
  /** Base address of the cloud's own API. */
  readonly url: string;
  ledger(): Promise<LedgerView>;
  /** What still lives. */
  alive(): Promise<readonly LedgerEntry[]>;
  /** Waits until the ledger is as wanted; the test's own time limit ends the wait. */
  until(wanted: (view: LedgerView) => boolean): Promise<LedgerView>;
  /** Orders a failure. */
  fault(fault: Fault): Promise<void>;
  /** Opens a gate at which a `wait` fault holds something. */
  open(gate: string): Promise<void>;
  /** Lets time pass in the cloud: its timers and the guests' fire. */
  advance(minutes: number): Promise<void>;
  /** Deletes everything of a kind from outside; answers how many went. */
  vanish(kind: string): Promise<number>;
  /** Takes back every failure that was ordered and has not happened. */
  calm(): Promise<void>;
  /** Cuts every SSH connection. */
  cut(): Promise<void>;
  /** Lets every SSH connection stand still: now, or after so many further bytes to or from the machines. */
  stall(after?: { direction: 'up' | 'down'; bytes: number }): Promise<void>;
  /** Lets what stands still go on. */
  flow(): Promise<void>;
  /** Gives this computer another address, as the world and the clouds' firewalls see it; connections end by that. */
  move(address: string): Promise<void>;
  /** Where on the machines these words are: names of files, and of processes' arguments and environments. */
  find(words: readonly string[]): Promise<readonly Found[]>;
  /** Every guest dies; the cloud goes on to list and to bill it. */
  crash(): Promise<void>;
  /** Fills the disk of every guest. */
  fillDisks(): Promise<void>;
  /** Consoles of the machines, for a test that fails. */
  logs(): Promise<string>;
  /** Ends the cloud and every machine in it. */
  stop(): Promise<void>;
}

/** Why no stand-in can run machines here; null when they can. Tests skip with this reason. */
export { whyNoMachines };

const root = path.resolve(__dirname, '../..');

/**
 * Starts the stand-in of a cloud in a process of its own, which ends with the caller whatever happens.
 *
 * Options (all optional): `machines: 'none'` (no guests, addresses answer nothing), `impostor` (guests with host keys
 * that nobody gave them), `secret` of the credentials, `permissions: 'read'`, and what the cloud's table in
 * test/cloud/tables/ reads.
 */
export async function startCloud(name: string, options: Readonly<Record<string, string>> = {}): Promise<CloudStandIn> {
  const table = tables[name];
  if (!table) throw new Error(`no stand-in named ${name}`);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `cvicast-cloud-${name}-`));
  const register = path.join(root, 'scripts/run-typescript.js');
  const main = path.join(root, 'test/cloud/core/main.ts');
  const child = spawn(process.execPath, ['--require', register, main, name], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // Named, since jest gives tests a copy of the environment that a child would not get by itself.
    // Its options are not for everybody who lists processes: a secret may be among them.
    env: { ...process.env, STAND_IN_OPTIONS: JSON.stringify(options) },
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const ports = await new Promise<{ plugin: number; api: number; control: number }>((resolve, reject) => {
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('\n'))
        resolve(JSON.parse(said.split('\n')[0]!) as { plugin: number; api: number; control: number });
    });
    child.once('close', (status) => reject(new Error(`the stand-in of ${name} ended with ${status} before it began`)));
  });

  const order = async (what: string, body: object = {}): Promise<void> => {
    await control('POST', what, body);
  };
  async function control<T>(method: 'GET' | 'POST', what: string, body?: object): Promise<T> {
    const answer = await fetch(`http://127.0.0.1:${ports.control}/${what}`, {
      method,
      // A test that looks through a disk does not hear in time that a connection was closed, which it would use again.
      headers: { connection: 'close' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${what}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  const url = `http://127.0.0.1:${ports.api}`;
  const echo = `http://127.0.0.1:${ports.control}/caller`;
  const ledger = () => control<LedgerView>('GET', 'ledger');
  const attach = table.plugin === null ? null : { name: table.plugin, port: ports.plugin };
  return {
    env: {
      ...table.environment(url, folder, options['secret'] ?? usualSecret),
      CVICAST_ECHO_URLS: `${echo},${echo}`,
      ...(attach === null ? {} : { PULUMI_DEBUG_PROVIDERS: `${attach.name}:${attach.port}` }),
    },
    attach,
    url,
    ledger,
    alive: async () => (await ledger()).entries.filter((entry) => entry.state !== 'deleted'),
    until: async (wanted) => {
      for (;;) {
        const view = await ledger();
        if (wanted(view)) return view;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    fault: (fault) => order('fault', fault),
    open: (gate) => order('open', { gate }),
    advance: (minutes) => order('advance', { minutes }),
    vanish: async (kind) => (await control<{ gone: number }>('POST', 'vanish', { kind })).gone,
    calm: () => order('calm'),
    cut: () => order('cut'),
    stall: (after) => order('stall', after),
    flow: () => order('flow'),
    move: (address) => order('move', { address }),
    find: async (words) => (await control<{ found: Found[] }>('POST', 'find', { words })).found,
    crash: () => order('crash'),
    fillDisks: () => order('fill'),
    logs: async () => (await control<{ logs: string }>('GET', 'logs')).logs,
    stop: async () => {
      child.stdin.end();
      await ended;
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}
