import { execFileSync, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { messageOf } from '../../src/errors';

const root = path.resolve(__dirname, '../..');

export interface Moto {
  /** What our own client and the AWS SDK need to find it. */
  readonly env: Readonly<Record<string, string>>;
  /** An empty account again. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

/** The image that it offers: Canonical's, by the name and owner under which the stack looks for it. */
export const motoImage = 'ami-0123456789abcdef0';
const image = {
  ...{ ami_id: motoImage, owner_id: '099720109477', architecture: 'x86_64', virtualization_type: 'hvm' },
  ...{ name: 'ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20261104', state: 'available', public: true },
  ...{ root_device_name: '/dev/sda1', root_device_type: 'ebs', hypervisor: 'xen', image_type: 'machine' },
  ...{ image_location: 'jammy', creation_date: '2026-11-04T00:00:00.000Z', description: 'Ubuntu 22.04' },
};

/** Path of moto's server, installed when it is not there yet; or why there is none. */
export function motoServer(): { readonly program: string } | { readonly reason: string } {
  try {
    const script = path.join(root, 'scripts/setup-moto');
    const said = execFileSync(script, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 300_000 });
    return { program: said.trim() };
  } catch (thrown) {
    return { reason: `moto cannot be installed: ${messageOf(thrown).split('\n').slice(-2).join(' ').slice(0, 200)}` };
  }
}

/** Starts it on a free port of this computer's loopback. */
export async function startMoto(program: string): Promise<Moto> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cvicast-moto-'));
  const images = path.join(folder, 'images.json');
  fs.writeFileSync(images, JSON.stringify([image]));
  const child = spawn(program, ['--host', '127.0.0.1', '--port', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, MOTO_AMIS_PATH: images },
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said);
      if (found) resolve(found[0]);
    });
    child.once('close', (status) => reject(new Error(`moto ended with ${status}: ${said}`)));
  });
  return {
    env: { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret', AWS_ENDPOINT_URL: url },
    reset: async () => {
      await fetch(`${url}/moto-api/reset`, { method: 'POST' });
    },
    stop: async () => {
      child.kill();
      await ended;
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}
