import type { Cloud } from '../types';
import { findToken, report } from './credentials';
import { errors } from './errors';
import { price, regions, sizes } from './sizes';

/** Hetzner Cloud. Facts with their sources: docs/providers/hetzner.md. */
export const hetzner: Cloud = {
  name: 'hetzner',
  title: 'Hetzner Cloud',
  package: '@pulumi/hcloud',
  plugin: 'hcloud',
  user: 'root',
  image: 'ubuntu-22.04',
  regions,
  defaultRegion: 'fsn1',
  sizes,
  defaultSize: 'cpx32',
  guideSize: 'cpx22',
  price,
  billing: { minimumSeconds: 3600, stepSeconds: 3600 },
  spot: false,
  machineKind: 'server',
  creates: ['1 server with an IPv4 address', '1 firewall', '1 SSH key'],
  armSizes: /^cax\d+$/i,
  endedBy: [
    {
      what: 'a timer in the guest powers the server off at the deadline; a server that is off still bills until it is deleted',
      kind: 'guest',
      smallestMinutes: 1,
      stopsBill: false,
    },
    { what: 'a watchdog process on this computer deletes it at the deadline', kind: 'watchdog', stopsBill: true },
    {
      what: '`cvicast gc` finds it by its label and deletes it; the next `cvicast convert` on this computer offers to end the job',
      kind: 'sweep',
      stopsBill: true,
    },
  ],
  errors,
  bootSeconds: 35,
  console: 'https://console.hetzner.com/projects',
  credentials: (context) => Promise.resolve(report(context)),
  engineConfig({ env }): Record<string, string> {
    return env['HCLOUD_ENDPOINT'] ? { 'hcloud:endpoint': env['HCLOUD_ENDPOINT'] } : {};
  },
  engineEnv(context): Record<string, string> {
    const found = findToken(context);
    return found ? { HCLOUD_TOKEN: found.token } : {};
  },
  async api(context) {
    return (await import('./api')).hetznerApi(context);
  },
  async stack() {
    return (await import('../../../stacks/hetzner')).default;
  },
};
