import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import type { CloudCredentialsContext, CredentialsReport } from '../types';

/** How to log in: a service principal in the environment, or the az command line. Never printed, never stored. */
export type AzureLogin =
  | {
      readonly kind: 'principal';
      readonly subscription: string;
      readonly tenant: string;
      readonly client: string;
      readonly secret: string;
    }
  | { readonly kind: 'az'; readonly subscription: string };

interface Profile {
  readonly subscriptions?: readonly {
    readonly id: string;
    readonly name: string;
    readonly isDefault?: boolean;
    readonly state?: string;
  }[];
}

async function azProfile({ env, homeFolder }: CloudCredentialsContext): Promise<Profile> {
  const file = path.join(env['AZURE_CONFIG_DIR'] ?? path.join(homeFolder, '.azure'), 'azureProfile.json');
  try {
    // az writes the file with a byte order mark.
    return JSON.parse((await fs.readFile(file, 'utf8')).replace(/^\uFEFF/, '')) as Profile;
  } catch {
    return {};
  }
}

async function onPath(env: NodeJS.ProcessEnv, names: readonly string[]): Promise<boolean> {
  const folders = (env['PATH'] ?? '').split(path.delimiter).filter((folder) => folder !== '');
  const candidates = folders.flatMap((folder) => names.map((name) => path.join(folder, name)));
  const found = await Promise.all(
    candidates.map((file) =>
      fs.access(file, fs.constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}

const principalNames = ['ARM_CLIENT_ID', 'ARM_CLIENT_SECRET', 'ARM_TENANT_ID', 'ARM_SUBSCRIPTION_ID'] as const;

/** The service principal of the environment is looked for first, as the provider plugin does. */
export async function findLogin(
  context: CloudCredentialsContext,
): Promise<{ login: AzureLogin | null; report: CredentialsReport }> {
  const { env } = context;
  if (env['ARM_CLIENT_ID']) {
    const missing = principalNames.filter((name) => !env[name]);
    const [client, secret, tenant, subscription] = principalNames.map((name) => env[name] ?? '') as [
      string,
      string,
      string,
      string,
    ];
    if (missing.length === 0) {
      const report = { found: true, where: principalNames.join(', '), missing: [], fix: 'nothing to do' };
      return { login: { kind: 'principal', client, secret, tenant, subscription }, report };
    }
    const fix = `${missing.map((name) => `export ${name}=…`).join('; ')} (az ad sp create-for-rbac shows appId, password and tenant), or: unset ARM_CLIENT_ID; az login`;
    return {
      login: null,
      report: { found: false, where: 'ARM_CLIENT_ID, but not all that belongs to it', missing, fix },
    };
  }
  const { subscriptions = [] } = await azProfile(context);
  const wanted = env['ARM_SUBSCRIPTION_ID'];
  const chosen = subscriptions.find((one) => (wanted ? one.id === wanted : one.isDefault === true));
  const hasAz = await onPath(env, ['az', 'az.cmd']);
  if (chosen && hasAz) {
    return {
      login: { kind: 'az', subscription: chosen.id },
      report: { found: true, where: `az login, subscription "${chosen.name}"`, missing: [], fix: 'nothing to do' },
    };
  }
  if (!hasAz) {
    const fix = 'install the Azure CLI (https://aka.ms/installazurecli), then: az login';
    return { login: null, report: { found: false, where: 'nowhere', missing: ['az', 'ARM_CLIENT_ID'], fix } };
  }
  const where = subscriptions.length === 0 ? 'nowhere' : 'az login, but not for the subscription asked for';
  const fix =
    subscriptions.length === 0
      ? 'az login'
      : 'az account list --output table, then: az account set --subscription ID (and unset ARM_SUBSCRIPTION_ID)';
  return { login: null, report: { found: false, where, missing: ['az login'], fix } };
}

/** Looks for a service principal in the environment, then for `az login`. Reads no token. */
export async function credentials(context: CloudCredentialsContext): Promise<CredentialsReport> {
  return (await findLogin(context)).report;
}
