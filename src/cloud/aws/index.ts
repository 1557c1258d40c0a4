import { patienceFrom } from '../insist';
import { noCredentials } from '../refusal';
import type { Cloud } from '../types';
import { report } from './credentials';
import { errors } from './errors';
import { regions, sizes } from './sizes';

export const aws: Cloud = {
  name: 'aws',
  title: 'AWS',
  package: '@pulumi/aws',
  plugin: 'aws',
  user: 'ubuntu',
  image: "Canonical's Ubuntu 22.04 LTS, amd64",
  regions,
  defaultRegion: 'us-east-1',
  sizes,
  defaultSize: 'c6i.xlarge',
  guideSize: 't3.medium',
  price: {
    date: '2025-06-30',
    source:
      'on-demand list price as known then (aws.amazon.com/ec2/pricing/on-demand), address and disk included, not looked up live',
  },
  billing: { minimumSeconds: 60, stepSeconds: 1 },
  spot: true,
  endedBy: [
    {
      kind: 'guest',
      what: 'shutdown timer of the machine, which terminates it (instanceInitiatedShutdownBehavior), disk included',
      smallestMinutes: 1,
      stopsBill: true,
    },
    { kind: 'watchdog', what: 'watchdog process on this computer terminates it', smallestMinutes: 1, stopsBill: true },
    {
      kind: 'sweep',
      what: '`cvicast gc` finds it by its tags and terminates it; the next `cvicast convert` on this computer offers to end the job',
      stopsBill: true,
    },
  ],
  machineKind: 'instance',
  creates: [
    '1 VPC with subnet, gateway and route table',
    '1 security group (port 22 from your address)',
    '1 key pair',
    '1 instance with its disk and public address',
  ],
  // The letter after the generation: t4g, m7gd, c8gn, x2gd; a1 was the first.
  armSizes: /^(a1\.|[a-z]+\d+g[a-z]*(-\w+)?\.)/,
  errors,
  bootSeconds: 45,
  console: 'https://console.aws.amazon.com/ec2/home#Instances:tag:cvicast-job=*',
  credentials: (context) => Promise.resolve(report(context)),
  engineConfig: ({ region }) => ({ 'aws:region': region }),
  api: async (context) => {
    const credentials = report(context);
    if (!credentials.found) throw noCredentials(aws, credentials);
    const { awsApi } = await import('./api');
    return awsApi(aws, context.env, patienceFrom(context.env));
  },
  stack: async () => (await import('../../../stacks/aws')).default,
};
