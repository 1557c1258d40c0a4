import * as fs from 'node:fs';
import * as path from 'node:path';
import { alibaba } from '../../src/cloud/alibaba';
import { azure } from '../../src/cloud/azure';
import { hetzner } from '../../src/cloud/hetzner';
import { tencent } from '../../src/cloud/tencent';

/** Each page of docs/providers names what the catalogue holds: whoever changes one, changes the other. */
describe.each([azure, alibaba, tencent, hetzner])('docs/providers and the catalogue: $name', (cloud) => {
  const page = fs.readFileSync(path.join(__dirname, `../../docs/providers/${cloud.name}.md`), 'utf8');

  test('every size stands there with its price, the default in bold', () => {
    for (const size of cloud.sizes) {
      const row = page.split('\n').find((line) => new RegExp(`^\\| \\**${size.name}\\** +\\|`).test(line)) ?? '';
      const cells = row.split('|').map((cell) => cell.trim());
      expect(cells).toEqual(
        expect.arrayContaining([String(size.vcpus), String(size.memoryGiB), String(size.pricePerHour)]),
      );
      expect(cells.includes(`**${size.name}**`)).toBe(size.name === cloud.defaultSize);
    }
  });

  test('2, 4 and 8 vCPUs are there, and the guide’s size', () => {
    const counts = new Set(cloud.sizes.map((size) => size.vcpus));
    expect([2, 4, 8].filter((count) => !counts.has(count))).toEqual([]);
    expect(cloud.sizes.map((size) => size.name)).toEqual(expect.arrayContaining([cloud.guideSize, cloud.defaultSize]));
    expect(cloud.regions.map((region) => region.name)).toContain(cloud.defaultRegion);
    for (const size of cloud.sizes) expect(size.burstNote !== undefined).toBe(size.purpose === 'burstable');
  });

  test('date of the prices, and where a price is an estimate, the word', () => {
    expect(page).toContain(cloud.price.date);
    expect(/estimate/i.test(page)).toBe(true);
  });

  test('at least eight errors, each code once, each with a fix', () => {
    const codes = cloud.errors.map((entry) => entry.code);
    expect(codes.length).toBeGreaterThanOrEqual(8);
    expect(new Set(codes).size).toBe(codes.length);
    expect(cloud.errors.filter((entry) => entry.fix === '' || entry.why === '')).toEqual([]);
  });
});
