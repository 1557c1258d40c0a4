import { clouds } from '../../src/cloud';
import { cli, type CliResult } from '../_helpers/cli';
import { startCloud, type CloudStandIn } from '../_helpers/cloud';
import { useHome } from '../_helpers/home';
import { useScratch } from '../_helpers/scratch';

/** Clouds that keep regions apart: each is asked by itself. */
const apart = [
  ['aws', 'eu-west-1', 'DescribeVpcs'],
  ['alibaba', 'eu-central-1', 'Tag.1.Key'],
  ['tencent', 'eu-frankfurt', 'tag-key'],
] as const;

jest.setTimeout(120_000);

describe('gc over all regions of an account', () => {
  const home = useHome();
  const scratch = useScratch();
  let cloud: CloudStandIn;
  afterEach(() => cloud.stop());

  const gc = (provider: string, ...more: string[]): Promise<CliResult> =>
    cli(['gc', '--provider', provider, '--json', ...more], {
      env: { ...home().env, ...cloud.env, HOME: scratch(), CVICAST_RETRY_SECONDS: '0.01' },
    });

  it.each(apart)('%s: names a region that the account lacks, and asks the others', async (provider, lacking) => {
    cloud = await startCloud(provider, { machines: 'none', closedRegions: lacking });
    expect(clouds[provider]!.regions.map((one) => one.name)).toContain(lacking);
    const result = await gc(provider);
    expect({ code: result.code, found: result.stdout }).toEqual({ code: 0, found: '[]\n' });
    expect(result.stderr).toContain(`not enabled for this account, and left out: ${lacking}\n`);
  });

  it.each(apart)('%s: takes no other failure of a listing for an empty one', async (provider, _lacking, request) => {
    cloud = await startCloud(provider, { machines: 'none' });
    const refuse = { code: 'InternalError', message: 'An internal error has occurred', status: 500 };
    // However often it is asked again.
    await cloud.fault({ on: 'api', kind: request, times: 10_000, do: { refuse } });
    const result = await gc(provider);
    expect(result.code).toBe(4);
    expect(JSON.parse(result.stdout)).toMatchObject({
      error: { message: expect.stringMatching(/did not list/) as string },
    });
  });

  it.each(apart)('%s: says so when the region that the user named is not to be had', async (provider, lacking) => {
    cloud = await startCloud(provider, { machines: 'none', closedRegions: lacking });
    const result = await gc(provider, '--region', lacking);
    expect(result.code).toBe(4);
  });
});
