import * as path from 'node:path';
import { findCloud } from '../../src/cloud';
import { findSize } from '../../src/cloud/choice';
import { firstFitting, type Fitting } from '../../src/job/preflight';
import { prepare, type Prepared } from '../../src/job/prepare';
import type { ConvertWish } from '../../src/job/request';
import { startCloud, type CloudStandIn } from '../_helpers/cloud';
import { useScratch } from '../_helpers/scratch';

const root = path.resolve(__dirname, '../..');
const scratch = useScratch();
const clouds: CloudStandIn[] = [];
afterEach(async () => {
  await Promise.all(clouds.splice(0).map((one) => one.stop()));
});

async function account(provider: string, options: Readonly<Record<string, string>>): Promise<CloudStandIn> {
  const cloud = await startCloud(provider, { machines: 'none', ...options });
  clouds.push(cloud);
  return cloud;
}

/** What the checks make of a conversion on a stand-in. */
async function checked(
  provider: string,
  cloud: CloudStandIn,
  more: Partial<ConvertWish> = {},
): Promise<{ planned: Prepared; fitting: Fitting }> {
  const env = { PATH: process.env['PATH'], HOME: scratch(), CVICAST_RETRY_SECONDS: '0.01', ...cloud.env };
  const planned = await prepare(
    {
      model: path.join(root, 'examples/shapes-yolo11n-320.onnx'),
      images: path.join(root, 'examples/calibration'),
      ...{ testImage: null, out: path.join(scratch(), 'out'), force: false, host: null, provider },
      ...{ spot: false, diskGiB: 30, allowCidrs: ['203.0.113.7/32'], backendUrl: null, target: 'recamera' },
      ...{ imageMirror: null, reuseTable: false, conversion: { calibrationCount: '10' } },
      ...more,
    },
    { home: scratch(), env },
  );
  return { planned, fitting: await firstFitting(planned, { home: scratch(), env }) };
}

const vcpusOf = (provider: string, size: string): number => findSize(findCloud(provider), size).vcpus;

describe('the checks before a machine is asked for', () => {
  it.each([
    ['gcp', { vcpuQuota: '2' }],
    ['azure', { coreLimit: '2' }],
    ['alibaba', { vcpuLimit: '2' }],
  ])('go on to a size that the quota of %s has room for: its plan, its price', async (provider, quota) => {
    const cloud = await account(provider, quota);
    const { planned, fitting } = await checked(provider, cloud, { maxCost: 1 });
    expect(vcpusOf(provider, planned.request.lease.size)).toBe(4);
    const { plan, request } = fitting.prepared;
    const size = findSize(findCloud(provider), request.lease.size);
    expect(size.vcpus).toBe(2);
    expect(plan).toMatchObject({ size: size.name, vcpus: 2, pricePerHour: request.lease.pricePerHour });
    expect(request.lease.pricePerHour).not.toBe(planned.request.lease.pricePerHour);
    expect(request.lease).toMatchObject({ estimate: plan!.estimate, ttlMinutes: plan!.ttlMinutes });
    expect(request.lease.choices[0]).toMatchObject({ size: size.name });
    const [warning] = fitting.warnings;
    expect(warning).toMatch(new RegExp(`^${size.name} in .* is asked for; passed over: ${planned.plan!.size} in .*2`));

    const named: unknown = await checked(provider, cloud, { size: planned.plan!.size }).catch(
      (thrown: unknown) => thrown,
    );
    expect(named).toMatchObject({ name: 'UserError', code: expect.stringContaining('quota') });
    expect((await cloud.ledger()).entries).toEqual([]);
  });

  it('go on to the next zone, which the plan names, and change nothing where the first is open', async () => {
    const zones = findCloud('gcp').regions.find((one) => one.name === 'us-central1')!.zones!;
    const cloud = await account('gcp', { closedZone: zones[0]! });
    const { fitting } = await checked('gcp', cloud);
    expect(fitting.prepared.plan).toMatchObject({ zone: zones[1], size: findCloud('gcp').defaultSize });
    expect(fitting.prepared.request.lease.choices[0]).toMatchObject({ zone: zones[1] });
    expect(fitting.warnings[0]).toContain(`in ${zones[0]}`);

    const open = await checked('gcp', cloud, { zone: zones[1] });
    expect(open.fitting).toEqual({ prepared: open.planned, warnings: [] });
  });
});
