import * as os from 'node:os';
import { noCredentials } from '../refusal';
import type { Cloud } from '../types';
import { findLogin, findProject, report } from './credentials';
import { errors } from './errors';
import { regions, sizes } from './sizes';

export const gcp: Cloud = {
  name: 'gcp',
  title: 'Google Cloud',
  package: '@pulumi/gcp',
  plugin: 'gcp',
  user: 'ubuntu',
  image: 'ubuntu-os-cloud/ubuntu-2204-lts',
  regions,
  defaultRegion: 'us-central1',
  sizes,
  defaultSize: 'e2-standard-4',
  guideSize: 'e2-standard-2',
  price: {
    date: '2025-06-30',
    source:
      'on-demand list price as known then (cloud.google.com/compute/all-pricing), address and disk included, not looked up live',
  },
  billing: { minimumSeconds: 60, stepSeconds: 1 },
  spot: true,
  endedBy: [
    {
      kind: 'platform',
      what: 'Compute Engine deletes it, disk included (maxRunDuration, instanceTerminationAction DELETE)',
      smallestMinutes: 1,
      stopsBill: true,
    },
    {
      kind: 'guest',
      what: 'shutdown timer of the machine stops it; a stopped one bills its disk only',
      smallestMinutes: 1,
      stopsBill: false,
    },
    { kind: 'watchdog', what: 'watchdog process on this computer deletes it', smallestMinutes: 1, stopsBill: true },
    {
      kind: 'sweep',
      what: '`cvicast gc` finds it by its labels and deletes it; the next `cvicast convert` on this computer offers to end the job',
      stopsBill: true,
    },
  ],
  machineKind: 'instance',
  creates: [
    '1 network with a subnet',
    '1 firewall rule (port 22 from your address)',
    '1 instance with its disk and external address',
  ],
  armSizes: /^(t2a|c4a|n4a|a4x|x4a)-/,
  errors,
  bootSeconds: 40,
  console: 'https://console.cloud.google.com/compute/instances',
  credentials: (context) => Promise.resolve(report(context)),
  engineConfig: ({ region, zone, env }) => {
    const project = findProject({ env, homeFolder: env['HOME'] ?? os.homedir() });
    const endpoint = env['GOOGLE_COMPUTE_CUSTOM_ENDPOINT'] || env['CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE'];
    return {
      'gcp:region': region,
      ...(zone === undefined ? {} : { 'gcp:zone': zone }),
      ...(project === null ? {} : { 'gcp:project': project }),
      ...(endpoint ? { 'gcp:computeCustomEndpoint': endpoint.replace(/\/*$/, '/') } : {}),
    };
  },
  // The plugin looks for application default credentials in the usual place only, wherever gcloud's folder was moved to.
  engineEnv: (context): Record<string, string> => {
    const login = findLogin(context);
    return login?.kind === 'file' ? { GOOGLE_APPLICATION_CREDENTIALS: login.file } : {};
  },
  api: async (context) => {
    const login = findLogin(context);
    const project = findProject(context);
    if (login === null || project === null) throw noCredentials(gcp, report(context));
    const { googleClient } = await import('./client');
    const { gcpApi } = await import('./api');
    return gcpApi(gcp, googleClient(gcp, { login, project, env: context.env }));
  },
  stack: async () => (await import('../../../stacks/gcp')).default,
};
