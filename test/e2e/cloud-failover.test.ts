import * as fs from 'node:fs';
import * as path from 'node:path';
import { clouds } from '../../src/cloud';
import { expectBill } from '../_helpers/bill';
import { expectCode } from '../_helpers/cli';
import { whyNoMachines } from '../_helpers/cloud';
import { useFastConversion, type FastConversion } from '../_helpers/fast-conversion';

const why = whyNoMachines();
if (why !== null) process.stderr.write(`failover on a stand-in cloud is skipped: ${why}\n`);
jest.setTimeout(5 * 60_000);

const full = {
  code: 'InsufficientInstanceCapacity',
  message:
    'We currently do not have sufficient c6i.xlarge capacity in the Availability Zone you requested. Our system will be working on provisioning additional capacity.',
};
const limit = {
  code: 'VcpuLimitExceeded',
  message:
    'You have requested more vCPU capacity than your current vCPU limit of 2 allows for the instance bucket that the specified instance type belongs to.',
};

interface Receipt {
  readonly result: string;
  readonly region: string;
  readonly size: string;
  readonly cost: { readonly actual: number };
}

const receiptOf = ({ out }: FastConversion): Receipt =>
  JSON.parse(fs.readFileSync(path.join(out, 'receipt.json'), 'utf8')) as Receipt;

(why === null ? describe : describe.skip)(
  why === null ? 'a cloud that is out of room' : `a cloud that is out of room (skipped: ${why})`,
  () => {
    const start = useFastConversion();
    const aws = clouds['aws']!;
    const zones = aws.regions.find((one) => one.name === aws.defaultRegion)!.zones!;

    const zonesTried = async ({ cloud }: FastConversion) =>
      (await cloud.ledger()).entries
        .filter((one) => one.kind === 'subnet')
        .map((one) => one.properties['availabilityZone']);

    it('is left for the next zone, and what was tried is said', async () => {
      const conversion = await start('aws');
      await conversion.cloud.fault({ on: 'create', kind: 'instance', times: 2, do: { refuse: full } });
      const result = await conversion.convert('--max-cost', '1');
      expectCode(result, 0, await conversion.cloud.logs());
      expect(await zonesTried(conversion)).toEqual(zones.slice(0, 3));
      for (const [from, to] of [
        [zones[0], zones[1]],
        [zones[1], zones[2]],
      ])
        expect(result.stderr).toContain(
          `${aws.defaultSize} in ${from}: the zone has no free machines of this size now; trying ${aws.defaultSize} in ${to}`,
        );
      const ledger = await conversion.cloud.ledger();
      expect(ledger.entries.filter((one) => one.state !== 'deleted')).toEqual([]);
      expect(receiptOf(conversion)).toMatchObject({ result: 'delivered', size: aws.defaultSize });
      // A machine that was refused costs nothing.
      expectBill(receiptOf(conversion).cost.actual, 'aws', ledger);
    });

    it('is left for a smaller size when the quota is too small, and the receipt tells and bills that size', async () => {
      const conversion = await start('aws', { vcpuLimit: '2', quotas: 'untold' });
      const result = await conversion.convert('--max-cost', '1');
      expectCode(result, 0, await conversion.cloud.logs());
      const { size, cost } = receiptOf(conversion);
      expect(aws.sizes.find((one) => one.name === size)).toMatchObject({ vcpus: 2 });
      expect(result.stderr).toMatch(new RegExp(`${aws.defaultSize} in ${zones[0]}: .*; trying ${size} in ${zones[0]}`));
      const ledger = await conversion.cloud.ledger();
      expect(ledger.entries.filter((one) => one.state !== 'deleted')).toEqual([]);
      expectBill(cost.actual, 'aws', ledger);
    });

    it('is left for a smaller size before anything is asked for, where the cloud tells its quota', async () => {
      const conversion = await start('gcp', { vcpuQuota: '2' });
      const result = await conversion.convert('--max-cost', '1');
      expectCode(result, 0, await conversion.cloud.logs());
      const { size, cost } = receiptOf(conversion);
      expect(clouds['gcp']!.sizes.find((one) => one.name === size)).toMatchObject({ vcpus: 2 });
      expect(result.stderr).toMatch(new RegExp(`warning: ${size} in .* is asked for; passed over: e2-standard-4 in `));
      // What was agreed to is what was made.
      expect(result.stderr).toMatch(new RegExp(`^plan .*: ${size}, 2 vCPU`, 'm'));
      const ledger = await conversion.cloud.ledger();
      expect(ledger.entries.filter((one) => one.kind === 'instance')).toHaveLength(1);
      expectBill(cost.actual, 'gcp', ledger);
    });

    it('is given up after five attempts: all are named, and nothing was made or billed', async () => {
      const conversion = await start('aws');
      await conversion.cloud.fault({ on: 'create', kind: 'instance', times: 9, do: { refuse: full } });
      const result = await conversion.convert('--max-cost', '1', '--json');
      expect(result.code).toBe(4);
      const { error } = JSON.parse(result.stdout.trim().split('\n').at(-1)!) as { error: Record<string, string> };
      expect(error['code']).toBe('out-of-capacity');
      expect(error['message']).toContain('No machine could be had in 5 attempts');
      for (const zone of zones.slice(0, 5)) expect(error['message']).toContain(`in ${zone}: out-of-capacity`);
      expect(error['fix']).toMatch(/--zone|--region|--size/);
      const { entries, bill } = await conversion.cloud.ledger();
      expect(entries.filter((one) => one.state !== 'deleted' || one.kind === 'instance')).toEqual([]);
      expect(bill).toBe(0);
    });

    it('is not left when the user named zone and size', async () => {
      const conversion = await start('aws');
      await conversion.cloud.fault({ on: 'create', kind: 'instance', times: 9, do: { refuse: limit } });
      const result = await conversion.convert('--zone', zones[1]!, '--size', 'c6i.large');
      expect(result.code).toBe(4);
      expect(result.stderr).toMatch(/may not run so many vCPUs/);
      expect(await zonesTried(conversion)).toEqual([zones[1]]);
      expect((await conversion.cloud.ledger()).entries.filter((one) => one.state !== 'deleted')).toEqual([]);
    });
  },
);
