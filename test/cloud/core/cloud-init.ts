import { parse } from 'yaml';
import { isProps } from './shape';

/** What cloud-init would do with this user data on its first boot, as far as anybody logs in by it. */
export interface FirstBoot {
  readonly hostKeys: Readonly<Record<string, { readonly private: string; readonly public: string }>>;
  readonly users: readonly GuestUser[];
  /** Shell text, in order. */
  readonly bootCommands: readonly string[];
  readonly runCommands: readonly string[];
  readonly files: readonly { readonly path: string; readonly content: string; readonly mode: number }[];
  /** What cloud-init would only have grumbled about in its log. */
  readonly remarks: readonly string[];
}

export interface GuestUser {
  readonly name: string;
  readonly keys: readonly string[];
  readonly sudo: boolean;
  readonly mayLogIn: boolean;
}

const knownKeys = new Set([
  ...['ssh_keys', 'ssh_authorized_keys', 'ssh_deletekeys', 'ssh_genkeytypes', 'users', 'disable_root', 'bootcmd'],
  ...['runcmd', 'write_files', 'package_update', 'package_upgrade', 'packages', 'ssh_pwauth', 'timezone', 'locale'],
  ...['hostname', 'manage_etc_hosts', 'preserve_hostname', 'power_state', 'final_message', 'growpart', 'swap', 'apt'],
  ...[
    'no_ssh_fingerprints',
    'ssh',
    'ssh_publish_hostkeys',
    'disable_root_opts',
    'allow_public_ssh_keys',
    'package_reboot_if_required',
  ],
]);

const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];

const quoted = (word: unknown): string => `'${String(word).replaceAll("'", `'\\''`)}'`;

/** cloud-init runs a text with sh, and a list without a shell. */
function commands(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value.map((one: unknown) => (Array.isArray(one) ? one.map(quoted).join(' ') : String(one)));
}

/**
 * Reads user data as cloud-init does: without its first line it is not cloud-config and nothing happens; YAML that
 * cannot be read is ignored as a whole. `metadataKeys` are those that the cloud itself gives to the image's own user.
 */
export function firstBoot(
  userData: string,
  image: { readonly user: string; readonly disableRoot: boolean },
  metadataKeys: readonly string[],
): FirstBoot {
  const remarks: string[] = [];
  const config = readConfig(userData, remarks);
  for (const key of Object.keys(config)) {
    if (!knownKeys.has(key)) remarks.push(`cloud-init does not know the key ${key}`);
  }
  const keys = isProps(config['ssh_keys']) ? config['ssh_keys'] : {};
  const hostKeys = Object.fromEntries(
    ['ed25519', 'rsa', 'ecdsa'].flatMap((type) => {
      const [secret, open] = [keys[`${type}_private`], keys[`${type}_public`]];
      return typeof secret === 'string' && typeof open === 'string' ? [[type, { private: secret, public: open }]] : [];
    }),
  );
  const given = config['allow_public_ssh_keys'] === false ? [] : metadataKeys;
  const disableRoot = typeof config['disable_root'] === 'boolean' ? config['disable_root'] : image.disableRoot;
  return {
    hostKeys,
    users: usersOf(config, image.user, disableRoot, [...given, ...texts(config['ssh_authorized_keys'])]),
    bootCommands: commands(config['bootcmd']),
    runCommands: commands(config['runcmd']),
    files: filesOf(config['write_files']),
    remarks,
  };
}

function readConfig(userData: string, remarks: string[]): Record<string, unknown> {
  if (!/^#cloud-config\s*(\n|$)/.test(userData)) {
    remarks.push('the user data does not begin with #cloud-config: cloud-init does not read it');
    return {};
  }
  try {
    const read: unknown = parse(userData);
    return isProps(read) ? read : {};
  } catch (thrown) {
    remarks.push(`cloud-init cannot read the user data: ${String(thrown)}`);
    return {};
  }
}

function usersOf(
  config: Record<string, unknown>,
  imageUser: string,
  disableRoot: boolean,
  keys: readonly string[],
): GuestUser[] {
  const asked: unknown[] = Array.isArray(config['users']) ? config['users'] : ['default'];
  const users = asked.flatMap((one): GuestUser[] => {
    if (one === 'default')
      return [{ name: imageUser, keys, sudo: true, mayLogIn: imageUser !== 'root' || !disableRoot }];
    if (!isProps(one) || typeof one['name'] !== 'string') return [];
    const sudo = /NOPASSWD:\s*ALL/.test([one['sudo']].flat().join(' '));
    return [{ name: one['name'], keys: texts(one['ssh_authorized_keys']), sudo, mayLogIn: true }];
  });
  if (users.some((user) => user.name === 'root')) return users;
  return [...users, { name: 'root', keys: disableRoot ? [] : keys, sudo: true, mayLogIn: !disableRoot }];
}

function filesOf(value: unknown): FirstBoot['files'] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((one: unknown) => {
    if (!isProps(one) || typeof one['path'] !== 'string') return [];
    const encoded = one['encoding'] === 'b64' || one['encoding'] === 'base64';
    const content = typeof one['content'] === 'string' ? one['content'] : '';
    return [
      {
        path: one['path'],
        content: encoded ? Buffer.from(content, 'base64').toString() : content,
        mode: parseInt(typeof one['permissions'] === 'string' ? one['permissions'] : '0644', 8),
      },
    ];
  });
}
