import type { Cloud } from '../types';
import { findKey } from './credentials';
import { errors } from './errors';
import { price, regions, sizes } from './sizes';
import { leastMinutes } from './timer';

/** Tencent Cloud. Facts with their sources: docs/providers/tencent.md. */
export const tencent: Cloud = {
  name: 'tencent',
  title: 'Tencent Cloud',
  package: 'tencentcloud-sdk-nodejs-common',
  plugin: 'cvicast-tencent',
  user: 'ubuntu',
  image: 'Ubuntu Server 22.04 LTS 64bit',
  regions,
  defaultRegion: 'ap-singapore',
  sizes,
  defaultSize: 'S5.LARGE8',
  guideSize: 'S5.MEDIUM4',
  price,
  billing: { minimumSeconds: 1, stepSeconds: 1 },
  spot: true,
  machineKind: 'instance',
  creates: ['1 CVM instance with its disk and address', '1 VPC', '1 subnet', '1 security group'],
  armSizes: /^SR\d/i,
  endedBy: [
    {
      what: 'Tencent terminates the instance and its disk at its action timer, whatever the guest does',
      kind: 'platform',
      smallestMinutes: leastMinutes,
      stopsBill: true,
    },
    {
      what: 'a timer in the guest powers the instance off at the deadline; one that was shut down from inside still bills',
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
  console: 'https://console.tencentcloud.com/cvm/instance',
  credentials: (context) => Promise.resolve(findKey(context).report),
  // cvicast's own provider is handed the region by the stack, and finds key and endpoints as the API client does.
  engineConfig: () => ({}),
  engineEnv(context): Record<string, string> {
    const { key } = findKey(context);
    if (key === null) return {};
    const token: Record<string, string> = key.token === undefined ? {} : { TENCENTCLOUD_SECURITY_TOKEN: key.token };
    return { TENCENTCLOUD_SECRET_ID: key.id, TENCENTCLOUD_SECRET_KEY: key.secret, ...token };
  },
  async api(context) {
    return (await import('./api')).tencentApi(context);
  },
  async stack() {
    return (await import('../../../stacks/tencent')).default;
  },
  async ownProvider(context) {
    const { tencentPackage, tencentProvider } = await import('../../../stacks/tencent-provider/provider');
    return { name: tencentPackage, provider: tencentProvider(context) };
  },
};
