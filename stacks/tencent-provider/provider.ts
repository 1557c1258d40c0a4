import { findImage, type ImagePage } from '../../src/cloud/tencent/image';
import type { OwnProvider } from '../../src/cloud/types';
import { Bug, UserError } from '../../src/errors';
import { tencentCall, type Call } from './client';
import { patienceOf } from './patience';
import { kinds, setRules, type Inputs, type Kind } from './resources';

/** Name of the package that the resources in `stacks/tencent.ts` belong to. */
export const tencentPackage = 'cvicast-tencent';

const typeOf = (urn: string): string => urn.split('::')[2]?.split(':').pop() ?? '';

function kindOf(urn: string): Kind {
  const kind = kinds[typeOf(urn)];
  if (kind === undefined) throw new Bug(`no such thing at Tencent: ${urn}`);
  return kind;
}

const regionOf = (inputs: unknown): string => String((inputs as Inputs)['region']);

/** Tencent Cloud for the engine: network, subnet, firewall, machine. To be served with `serveProvider`. */
export function tencentProvider(context: { env: NodeJS.ProcessEnv; homeFolder: string }): OwnProvider {
  let made: Call | null = null;
  const call: Call = (...request) => (made ??= tencentCall(context))(...request);
  const patience = patienceOf(context.env);
  return {
    version: '1.0.0',
    diff: (_id, urn, olds, news) => {
      const [before, after] = [olds as Inputs, news as Inputs];
      const changed = Object.keys(after).filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
      // Rules can change in place; everything else is made anew.
      const replaces = changed.filter((name) => !(typeOf(urn) === 'Firewall' && name === 'allowCidrs'));
      return Promise.resolve({ changes: changed.length > 0, replaces, deleteBeforeReplace: true });
    },
    create: (urn, inputs) => kindOf(urn).create(call, inputs as Inputs, patience),
    read: async (id, urn, props) =>
      (await kindOf(urn).exists(call, id, regionOf(props))) ? { id, props: props as unknown } : { id: '' },
    update: async (id, _urn, _olds, news) => {
      await setRules(call, news as Inputs, id);
      return { outs: news as unknown };
    },
    delete: (id, urn, props) => kindOf(urn).remove(call, id, regionOf(props), patience),
    invoke: async (token, args) => {
      if (token !== `${tencentPackage}:index:getPlace`) throw new Bug(`no such function: ${token}`);
      return { outputs: await placeFor(call, args as PlaceWanted) };
    },
  };
}

interface PlaceWanted {
  readonly region: string;
  readonly zone?: string;
  readonly size: string;
  readonly spot: boolean;
}

/** A zone that sells the size now (the one asked for is taken as it is), and the image of Ubuntu 22.04 there. */
async function placeFor(call: Call, wanted: PlaceWanted): Promise<{ zone: string; imageId: string }> {
  const { region, size, spot } = wanted;
  const imageId = await findImage((parameters) => call<ImagePage>('cvm', region, 'DescribeImages', parameters));
  if (imageId === null) throw refused(`no image Ubuntu Server 22.04 LTS 64bit in ${region}`, 'choose another --region');
  if (wanted.zone !== undefined) return { zone: wanted.zone, imageId };
  const { InstanceTypeQuotaSet: offers } = await call<{
    InstanceTypeQuotaSet: readonly { Zone: string; InstanceType: string; Status: string }[];
  }>('cvm', region, 'DescribeZoneInstanceConfigInfos', {
    Filters: [
      { Name: 'instance-type', Values: [size] },
      { Name: 'instance-charge-type', Values: [spot ? 'SPOTPAID' : 'POSTPAID_BY_HOUR'] },
    ],
  });
  const offer = offers.find((one) => one.InstanceType === size && one.Status === 'SELL');
  if (offer === undefined) throw refused(`no zone of ${region} sells ${size} now`, 'choose another --region or --size');
  return { zone: offer.Zone, imageId };
}

function refused(why: string, fix: string): UserError {
  return new UserError({
    code: 'tencent-not-offered',
    what: 'Tencent Cloud has no place for this machine',
    why,
    fix,
    exit: 'provider',
  });
}
