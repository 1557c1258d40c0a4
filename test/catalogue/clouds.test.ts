import * as fs from 'node:fs';
import * as path from 'node:path';
import { clouds, findCloud } from '../../src/cloud';
import { findRegion, findSize, findZone } from '../../src/cloud/choice';
import { planFor } from '../../src/cloud/plan';
import { entryFor } from '../../src/cloud/refusal';
import type { Cloud } from '../../src/cloud/types';

const rented = Object.values(clouds).filter((cloud) => cloud.name !== 'local');

const guide: Record<string, { size: string; user: string }> = {
  digitalocean: { size: 's-2vcpu-4gb', user: 'root' },
  aws: { size: 't3.medium', user: 'ubuntu' },
  gcp: { size: 'e2-standard-2', user: 'ubuntu' },
  azure: { size: 'Standard_B2s', user: 'azureuser' },
  alibaba: { size: 'ecs.t6-c1m2.large', user: 'root' },
  tencent: { size: 'S5.MEDIUM4', user: 'ubuntu' },
};

describe.each(rented.map((cloud): [string, Cloud] => [cloud.name, cloud]))('the catalogue of %s', (name, cloud) => {
  it('has sizes of 2, 4 and 8 vCPUs, the usual guide’s among them, all with a price', () => {
    for (const vcpus of [2, 4, 8]) expect(cloud.sizes.map((size) => size.vcpus)).toContain(vcpus);
    expect(new Set(cloud.sizes.map((size) => size.name)).size).toBe(cloud.sizes.length);
    for (const size of cloud.sizes) {
      expect(size.pricePerHour).toBeGreaterThan(0.005);
      expect(size.pricePerHour).toBeLessThan(1.5);
      expect(size.memoryGiB).toBeGreaterThanOrEqual(1);
      // A burstable size says what running flat out does.
      expect(size.burstNote !== undefined).toBe(size.purpose === 'burstable');
      expect(cloud.armSizes?.test(size.name) ?? false).toBe(false);
    }
    expect(findSize(cloud, cloud.guideSize).name).toBe(cloud.guideSize);
    const usual = guide[name];
    if (usual) expect({ size: cloud.guideSize, user: cloud.user }).toEqual(usual);
  });

  it('has sane defaults: a size that fits the work, a region of its own', () => {
    expect(findSize(cloud).memoryGiB).toBeGreaterThanOrEqual(4);
    expect(findRegion(cloud).name).toBe(cloud.defaultRegion);
    for (const region of cloud.regions) {
      for (const zone of region.zones ?? []) expect(findZone(cloud, region, zone)).toBe(zone);
    }
  });

  it('dates its prices and says where they are from', () => {
    expect(cloud.price.date).toMatch(/^20\d\d-\d\d-\d\d$/);
    expect(Date.parse(cloud.price.date)).not.toBeNaN();
    expect(cloud.price.source.length).toBeGreaterThan(10);
  });

  it('knows at least eight errors, each with a cause and a fix', () => {
    expect(cloud.errors.length).toBeGreaterThanOrEqual(8);
    for (const entry of cloud.errors) {
      expect(entry.code).toMatch(/^[a-z][a-z0-9-]+$/);
      expect(entry.why.length).toBeGreaterThan(10);
      expect(entry.fix.length).toBeGreaterThan(5);
      // A global pattern remembers where it stopped: it would match every second time.
      expect(entry.match.global).toBe(false);
      expect(entry.match.test('')).toBe(false);
    }
    expect(entryFor(cloud.errors, 'the weather is fine today')).toBeNull();
  });

  it('says what ends the machine: the watchdog and the sweep carry every cloud', () => {
    const kinds = cloud.endedBy.map((end) => end.kind);
    expect(kinds).toEqual(expect.arrayContaining(['watchdog', 'sweep']));
    expect(cloud.creates.length).toBeGreaterThan(0);
    expect(cloud.billing.stepSeconds).toBeGreaterThan(0);
  });

  it('finds nothing in an empty home, and says the command that mends it', async () => {
    const report = await cloud.credentials({ env: { PATH: '/nonexistent' }, homeFolder: '/nonexistent' });
    expect(report).toMatchObject({ found: false });
    expect(report.missing.length).toBeGreaterThan(0);
    expect(report.fix.length).toBeGreaterThan(5);
  });
});

describe('finding by name', () => {
  const failing = (code: string, more: object = {}): Error => expect.objectContaining({ code, ...more }) as Error;

  it('answers near matches for a provider, a size, a region and a zone', () => {
    expect(() => findCloud('digitalocaen')).toThrow(
      failing('unknown-provider', { fix: 'did you mean digitalocean?', exit: 'input' }),
    );
    expect(() => findCloud('constructor')).toThrow(failing('unknown-provider'));
    const aws = findCloud('aws');
    expect(() => findSize(aws, 't3.mediun')).toThrow(
      failing('unknown-size', { fix: expect.stringContaining('t3.medium') }),
    );
    expect(() => findRegion(aws, 'us-east1')).toThrow(
      failing('unknown-region', { fix: expect.stringContaining('us-east-1') }),
    );
    expect(() => findZone(aws, findRegion(aws, 'us-east-1'), 'us-east-1z')).toThrow(failing('unknown-zone'));
  });

  it.each(['digitalocean', 'hetzner'])('refuses a zone of %s, which has none', (name) => {
    const wish = { spot: false, conversion: { macs: 1e9, bytes: 1e6, images: 100, toolchain: 'docker' } } as const;
    expect(() => planFor(findCloud(name), { ...wish, zone: 'a' })).toThrow(
      failing('no-zones', { exit: 'input', fix: expect.stringContaining('--zone') }),
    );
  });

  it.each([
    ['aws', ['t4g.medium', 'c7gn.large', 'm8g.xlarge', 'a1.large', 'x2gd.large', 'c8gb.large']],
    ['gcp', ['t2a-standard-2', 'c4a-standard-4', 'n4a-standard-2']],
  ])('says of arm64 sizes of %s why they cannot convert', (name, sizes) => {
    for (const size of sizes) {
      expect(() => findSize(findCloud(name), size)).toThrow(
        failing('arm-size', { why: expect.stringContaining('x86-64') }),
      );
    }
  });

  it('does not call x86 sizes arm64', () => {
    const { armSizes } = findCloud('aws');
    for (const size of ['g4dn.xlarge', 'g5.xlarge', 'c7i.large', 'm7i-flex.large', 't3a.medium']) {
      expect(armSizes?.test(size)).toBe(false);
    }
  });
});

describe.each(['digitalocean', 'aws', 'gcp'])('docs/providers/%s.md', (name) => {
  const text = fs.readFileSync(path.join(__dirname, `../../docs/providers/${name}.md`), 'utf8');
  const cloud = findCloud(name);

  it('shows the prices of the catalogue, and their date', () => {
    const rows = [...text.matchAll(/^\| *([\w.-]+) *\| *(\d+) *\| *(\d+) *\| *([\d.]+) *\|/gm)];
    const shown = rows.map(([, size, vcpus, memory, price]) => [
      size,
      Number(vcpus),
      Number(memory),
      Number(price).toFixed(4),
    ]);
    const known = cloud.sizes.map((size) => [size.name, size.vcpus, size.memoryGiB, size.pricePerHour.toFixed(4)]);
    expect(shown).toEqual(known);
    expect(text).toContain(cloud.price.date);
  });
});
