import { UserError } from '../errors';
import type { Cloud, CloudErrorEntry, CredentialsReport } from './types';

/** What a refusal needs to know of the cloud that refused. */
export type Refuser = Pick<Cloud, 'title' | 'errors'>;

/** The catalogue's entry for what a cloud or the engine said; `null` when it is not known. */
export function entryFor(errors: readonly CloudErrorEntry[], text: string): CloudErrorEntry | null {
  return errors.find((entry) => entry.match.test(text)) ?? null;
}

/** Takes away what looks like a credential: some clouds quote the Authorization header in their refusals. */
export function withoutSecrets(text: string): string {
  return text
    .replace(/\b(Bearer|Basic)\s+[^\s,'"]+/gi, '$1 …')
    .replace(
      /\b(Credential|Signature|SecretId|SecretKey|AccessKeyId|SecurityToken|access_token|token)(=|":\s*")[^\s,'"&]+/gi,
      '$1$2…',
    );
}

/** The cloud's own words out of an answer's text: the message of the JSON or XML forms in use, else the text's beginning. */
export function ownWords(text: string): string {
  const message =
    /"(?:message|Message|error_description)"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ??
    /<Message>([^<]*)<\/Message>/.exec(text)?.[1] ??
    text;
  return withoutSecrets(message).replace(/\s+/g, ' ').trim().slice(0, 300);
}

/**
 * A cloud's refusal as an error that the user can act on: explained by the catalogue where the cloud's code is known.
 * `action` completes "could not …", e.g. `list droplets`.
 */
export function refusal(cloud: Refuser, action: string, text: string, cause?: unknown): UserError {
  const entry = entryFor(cloud.errors, text);
  const said = ownWords(text) || 'no reason given';
  return new UserError(
    {
      code: entry?.code ?? 'cloud-refused',
      what: `${cloud.title} did not ${action}`,
      why: entry ? `${entry.why} (it said: ${said})` : `it said: ${said}`,
      fix: entry?.fix ?? `look the message up in the documentation of ${cloud.title}, then try again`,
      exit: 'provider',
    },
    cause === undefined ? undefined : { cause },
  );
}

/** The error for a cloud whose credentials were not found. */
export function noCredentials(cloud: Pick<Cloud, 'name' | 'title'>, report: CredentialsReport): UserError {
  return new UserError({
    code: 'no-credentials',
    what: `There are no credentials for ${cloud.title}`,
    why: `missing: ${report.missing.join(', ')} (found: ${report.where})`,
    fix: `${report.fix}; \`cvicast doctor --provider ${cloud.name}\` says more`,
    exit: 'input',
  });
}
