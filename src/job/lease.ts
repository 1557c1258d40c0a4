import { randomBytes } from 'node:crypto';
import { ruleOfPort22, type MachineRequest } from '../../stacks/machine';
import { failover } from '../cloud/failover';
import type { StackEvent } from '../engine/types';
import { Bug } from '../errors';
import type { SshTarget } from '../machine';
import { userData } from '../machine';
import type { JobContext } from './events';
import type { JobFolder } from './folder';
import { ownerId } from './identity';
import type { Place } from './place';
import { noteCreation } from './rentals';
import type { JobRequest } from './request';
import { stackOptions } from './stack-options';
import { teardown } from './teardown';

const cleanUpMilliseconds = 10 * 60_000;

/**
 * Whole minutes that a machine may live which is asked for now: timers that count from its own beginning must not begin
 * anew with a second try in another zone.
 */
export function minutesLeft(expiresAt: string, ttlMinutes: number, now: number = Date.now()): number {
  const left = Math.round((Date.parse(expiresAt) - now) / 60_000);
  return Math.max(1, Math.min(ttlMinutes, left));
}

/** The machine's address and keys from the job's folder and journal; null when there is no machine (any more). */
export function targetOf(folder: JobFolder, request: JobRequest): SshTarget | null {
  const facts = folder.facts();
  const privateKey = folder.readSecret('client-key');
  const hostKey = folder.readSecret('host-key.pub');
  if (request.host !== null || facts.machine === null || privateKey === null || hostKey === null) return null;
  if (facts.teardown !== null) return null;
  const { address, port, user } = facts.machine;
  return { address, port, user, privateKey, hostKeys: [hostKey.trim()] };
}

/**
 * Rents the machine: keys are made here, the intent is on the disk before the request leaves, and what a failed
 * attempt left is taken down before the next zone or size is tried.
 */
export async function lease(
  folder: JobFolder,
  request: JobRequest,
  place: Place,
  context: JobContext,
): Promise<SshTarget> {
  const { makeKeyPair } = await import('../machine/key-pair');
  const clientKey = makeKeyPair(`cvicast ${folder.job}`);
  const hostKey = makeKeyPair(`host of ${folder.job}`);
  folder.writeSecret('client-key', clientKey.privateKey);
  folder.writeSecret('host-key.pub', hostKey.publicKey);
  folder.writeSecret('passphrase', randomBytes(24).toString('base64url'));
  const { opened } = folder.facts();
  if (opened === null) throw new Bug('a machine was asked for before its job was opened');
  const { expiresAt } = opened;
  const { lease: wanted } = request;

  // In another account nothing of the job is found: whoever ends it must know which it was.
  const account = await place.account();

  const attempt = async (choice: { region: string; zone?: string; size: string }): Promise<SshTarget> => {
    const ttlMinutes = minutesLeft(expiresAt, wanted.ttlMinutes);
    const asked: MachineRequest = {
      job: folder.job,
      owner: ownerId(folder.home),
      expiresAt,
      ttlMinutes,
      spot: wanted.spot,
      diskGiB: wanted.diskGiB,
      allowCidrs: wanted.allowCidrs,
      publicKey: clientKey.publicKey,
      userData: userData({
        user: place.cloud.user,
        publicKey: clientKey.publicKey,
        hostKey,
        ttlMinutes,
        hostname: folder.job,
      }),
      ...choice,
    };
    folder.writeSecret('machine-request.json', JSON.stringify(asked));
    folder.journal.write({
      type: 'intent',
      what: 'create-machine',
      ...choice,
      ...(account === null ? {} : { account }),
    });
    const attached = await place.attach();
    try {
      const { openStack } = await import('../engine/stack');
      const stack = await openStack(stackOptions(folder, request, place, attached.providers, choice));
      const onEvent = (event: StackEvent): void => {
        noteCreation(folder.journal, event);
        if (event.kind === 'note') context.emit({ type: 'note', message: event.text ?? '' });
        if (event.kind === 'resource' && event.phase === 'started' && event.operation === 'create' && event.type) {
          context.emit({ type: 'stage', stage: 'up', phase: 'progress', fraction: null, note: event.type });
        }
      };
      const up = await stack.up(await place.stack(), asked, onEvent, context.signal);
      folder.journal.write({ type: 'machine', ...up });
      return {
        address: up.address,
        port: up.port,
        user: up.user,
        privateKey: clientKey.privateKey,
        hostKeys: [hostKey.publicKey],
      };
    } finally {
      await attached.close();
    }
  };

  const { result } = await failover(wanted.choices, {
    errors: place.cloud.errors,
    attempt: (choice) => {
      context.signal.throwIfAborted();
      return attempt(choice);
    },
    cleanUp: async (_choice, _failure, entry) => {
      // Sold out here is an answer: the next place is not kept waiting for a machine that nobody makes.
      if (entry?.next === 'zone' || entry?.next === 'size') folder.journal.note({ type: 'refused', code: entry.code });
      const unhurried = { ...context, signal: AbortSignal.timeout(cleanUpMilliseconds) };
      const left = await teardown(folder, unhurried, { keepSecrets: true });
      if (left.length === 0) return true;
      const names = left.map((one) => `${one.type} ${one.id}`).join(', ');
      const message = `no other machine is asked for while something of this one may live (${names})`;
      context.emit({ type: 'warning', code: 'left-behind', message });
      return false;
    },
    onNext: (tried, next) => {
      context.emit({
        type: 'warning',
        code: tried.code,
        message: `${tried.choice.size} in ${tried.choice.zone ?? tried.choice.region}: ${tried.why}; trying ${next.size} in ${next.zone ?? next.region}`,
      });
    },
  });
  return result;
}

/** Opens port 22 of a job's machine for these addresses and for no others any more; nothing else of it is touched. */
export async function openPort22(
  folder: JobFolder,
  request: JobRequest,
  place: Place,
  allowCidrs: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const asked = folder.readSecret('machine-request.json');
  if (asked === null) throw new Bug('what the machine was made of is not known any more');
  const machine = JSON.parse(asked) as MachineRequest;
  const attached = await place.attach();
  try {
    const { openStack } = await import('../engine/stack');
    const stack = await openStack(stackOptions(folder, request, place, attached.providers));
    await stack.change(await place.stack(), { ...machine, allowCidrs }, ruleOfPort22, signal);
    folder.journal.write({ type: 'door', cidrs: allowCidrs });
  } finally {
    await attached.close();
  }
}
