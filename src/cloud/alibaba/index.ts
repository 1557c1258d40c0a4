import type { Cloud } from '../types';
import { endpointIn } from './client';
import { findKey } from './credentials';
import { errors } from './errors';
import { price, regions, sizes } from './sizes';
import { leastMinutes } from './timer';

/** Endpoints of the user's environment as the provider plugin's options; it takes hosts, and the protocol apart. */
function endpointOptions(env: NodeJS.ProcessEnv): Record<string, string> {
  const given = { ecs: endpointIn(env, 'ecs'), vpc: endpointIn(env, 'vpc') };
  const named = Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined);
  if (named.length === 0) return {};
  const hosts = Object.fromEntries(
    named.map(([service, address]) => [service, address.replace(/^https?:\/\/|\/+$/g, '')]),
  );
  return {
    'alicloud:endpoints': JSON.stringify([hosts]),
    'alicloud:protocol': named.some(([, address]) => address.startsWith('http://')) ? 'HTTP' : 'HTTPS',
    'alicloud:skipRegionValidation': 'true',
  };
}

/** Alibaba Cloud. Facts with their sources: docs/providers/alibaba.md. */
export const alibaba: Cloud = {
  name: 'alibaba',
  title: 'Alibaba Cloud',
  package: '@pulumi/alicloud',
  plugin: 'alicloud',
  user: 'root',
  image: 'ubuntu_22_04_x64',
  regions,
  defaultRegion: 'ap-southeast-1',
  sizes,
  defaultSize: 'ecs.c7.xlarge',
  guideSize: 'ecs.t6-c1m2.large',
  price,
  billing: { minimumSeconds: 1, stepSeconds: 1, minimumCharge: 0.01 },
  spot: true,
  machineKind: 'instance',
  creates: ['1 ECS instance with its disk and address', '1 VPC', '1 vSwitch', '1 security group'],
  // The r after the generation stands for arm64: ecs.c8y is Yitian, ecs.g6r Ampere.
  armSizes: /^ecs\.[a-z]+\d+(?:r|y|ym)(?:-[\w]+)?\./,
  endedBy: [
    {
      what: 'Alibaba releases the instance and its disk at its release time, whatever the guest does',
      kind: 'platform',
      smallestMinutes: leastMinutes,
      stopsBill: true,
    },
    {
      what: 'a timer in the guest powers the instance off at the deadline; one that is only off still bills',
      kind: 'guest',
      smallestMinutes: 1,
      stopsBill: false,
    },
    { what: 'a watchdog process on this computer deletes it at the deadline', kind: 'watchdog', stopsBill: true },
    {
      what: '`cvicast gc` finds it by its tag and deletes it; the next `cvicast convert` on this computer offers to end the job',
      kind: 'sweep',
      stopsBill: true,
    },
  ],
  errors,
  bootSeconds: 60,
  console: 'https://ecs.console.aliyun.com/server/region/ap-southeast-1',
  credentials: (context) => Promise.resolve(findKey(context).report),
  engineConfig: ({ region, env }) => ({ 'alicloud:region': region, ...endpointOptions(env) }),
  // The plugin reads only the profile named default of aliyun's file, and not every variable that its own tools do.
  engineEnv(context): Record<string, string> {
    const { key } = findKey(context);
    if (key === null) return {};
    const token: Record<string, string> = key.token === undefined ? {} : { ALICLOUD_SECURITY_TOKEN: key.token };
    return { ALICLOUD_ACCESS_KEY: key.id, ALICLOUD_SECRET_KEY: key.secret, ...token };
  },
  async api(context) {
    return (await import('./api')).alibabaApi(context);
  },
  async stack() {
    return (await import('../../../stacks/alibaba')).default;
  },
};
