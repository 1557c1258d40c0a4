import { createHash } from 'node:crypto';
import * as os from 'node:os';
import { clouds } from '../src/cloud';
import { UserError } from '../src/errors';
import type { MachineRequest } from './machine';

/** Where the values of `pulumi config` come from; a `pulumi.Config` is one. */
export interface ConfigReader {
  get(key: string): string | undefined;
}

const usualMinutes = 60;

/**
 * The request of a `pulumi up` by hand. Three values must be given (`provider`, `publicKey`, `userData`); the rest has
 * defaults that are no secret. Without `expiresAt` the machine's end is counted from each `up` anew.
 *
 * Throws `UserError` `config-missing` or `config-invalid`.
 */
export function requestFrom(
  config: ConfigReader,
  stackName: string,
  now: Date,
): { provider: string; request: MachineRequest } {
  const provider = required(config, 'provider', 'pulumi up -c provider=local');
  if (!Object.hasOwn(clouds, provider)) {
    throw invalid('provider', provider, `name a place: ${Object.keys(clouds).join(', ')}`);
  }
  const ttlMinutes = wholeNumber(config, 'ttlMinutes', usualMinutes);
  const expiresAt = config.get('expiresAt') ?? new Date(now.getTime() + ttlMinutes * 60_000).toISOString();
  if (!Number.isFinite(Date.parse(expiresAt)) || !expiresAt.endsWith('Z')) {
    throw invalid('expiresAt', expiresAt, 'give a time like 2026-12-01T12:00:00Z');
  }
  const zone = config.get('zone');
  const request: MachineRequest = {
    job: jobOf(config.get('job') ?? stackName),
    owner: config.get('owner') ?? createHash('sha256').update(`by hand ${os.hostname()}`).digest('hex').slice(0, 16),
    expiresAt,
    ttlMinutes,
    // `local` has neither; a cloud's own plugin refuses an empty one before anything is made.
    region: config.get('region') ?? '',
    ...(zone === undefined ? {} : { zone }),
    size: config.get('size') ?? '',
    spot: config.get('spot') === 'true',
    diskGiB: wholeNumber(config, 'diskGiB', 30),
    allowCidrs: allowed(config, provider),
    publicKey: required(config, 'publicKey', 'pulumi config set publicKey "$(cat key.pub)"'),
    userData: required(config, 'userData', 'pulumi config set --secret userData < user-data.yaml'),
  };
  return { provider, request };
}

function jobOf(name: string): string {
  const job = name
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .slice(0, 40);
  return /^[a-z]/.test(job) ? job : `cv-${job}`.slice(0, 40);
}

function allowed(config: ConfigReader, provider: string): readonly string[] {
  const given = config.get('allowCidrs') ?? (provider === 'local' ? '127.0.0.1/32' : undefined);
  if (given === undefined)
    throw missing('allowCidrs', 'pulumi config set allowCidrs "$(curl -s https://checkip.amazonaws.com)/32"');
  return given.split(',').map((one) => one.trim());
}

function wholeNumber(config: ConfigReader, key: string, otherwise: number): number {
  const text = config.get(key);
  if (text === undefined) return otherwise;
  if (!/^[1-9]\d{0,6}$/.test(text)) throw invalid(key, text, 'give a whole number above zero');
  return Number(text);
}

function required(config: ConfigReader, key: string, command: string): string {
  const value = config.get(key);
  if (value === undefined || value === '') throw missing(key, command);
  return value;
}

function missing(key: string, command: string): UserError {
  return new UserError({
    code: 'config-missing',
    what: `The stack's configuration lacks \`${key}\``,
    why: 'it has no default',
    fix: command,
    exit: 'input',
  });
}

function invalid(key: string, value: string, fix: string): UserError {
  return new UserError({
    code: 'config-invalid',
    what: `The stack's configuration \`${key}\` is not understood`,
    why: `it is ${JSON.stringify(value)}`,
    fix,
    exit: 'input',
  });
}
