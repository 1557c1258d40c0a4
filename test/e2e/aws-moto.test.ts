import * as sdk from '@aws-sdk/client-ec2';
import { clouds } from '../../src/cloud';
import type { CloudApi } from '../../src/cloud/types';
import { makeKeyPair } from '../../src/machine/key-pair';
import type { MachineRequest } from '../../stacks/machine';
import { awsCalls } from '../cloud/judges/aws';
import type { CloudRequest } from '../cloud/judges/judge';
import { motoImage, motoServer, startMoto, type Moto } from '../_helpers/moto';
import { useScratch } from '../_helpers/scratch';
import { askedBy, type Answers, type Asked } from '../_helpers/stack-inputs';

const found = motoServer();
const reason = 'reason' in found ? found.reason : null;
if (reason !== null) process.stderr.write(`the AWS stack on moto is skipped: ${reason}\n`);

const region = 'us-east-1';
const request: MachineRequest = {
  ...{ job: 'cv-20261128-112830-7f3a9c', owner: '0123456789abcdef', region, size: 'c6i.xlarge', spot: false },
  ...{ ttlMinutes: 60, expiresAt: '2026-11-28T12:28:30Z', diskGiB: 30, allowCidrs: ['203.0.113.7/32'] },
  ...{ publicKey: makeKeyPair('job').publicKey, userData: '#cloud-config\nhostname: cvicast\n' },
};
const tags = { 'cvicast-job': request.job, 'cvicast-owner': request.owner, 'cvicast-expires': '1795868910' };

type Command = new (input: unknown) => Parameters<sdk.EC2Client['send']>[0];
type Answer = Record<string, unknown>;

/** What a stack asks for, asked of moto through AWS's own SDK, call by call as the plugin would. */
function through(client: sdk.EC2Client): Answers {
  const send = async ({ schema, body }: CloudRequest): Promise<Answer> => {
    const Made = (sdk as unknown as Record<string, Command>)[`${schema}Command`]!;
    return (await client.send(new Made(body))) as unknown as Answer;
  };
  return {
    resource: async ({ type, inputs }: Asked) => {
      const calls = awsCalls[type]!(inputs);
      const answer = await send(calls.create);
      const id = String(calls.idAt.reduce<unknown>((at, step) => (at as Answer)[step], answer));
      for (const call of calls.then(id)) await send(call);
      return { id, outputs: { publicIp: '203.0.113.9' } };
    },
    invoke: async (token, args) => {
      // moto knows no parameter of Canonical's: the stack goes on to the list of images.
      if (token !== 'aws:ec2/getAmi:getAmi') throw new Error('ParameterNotFound');
      const filters = args['filters'] as { name: string; values: string[] }[];
      const { Images = [] } = await client.send(
        new sdk.DescribeImagesCommand({
          Owners: args['owners'] as string[],
          Filters: filters.map(({ name, values }) => ({ Name: name, Values: values })),
        }),
      );
      if (Images[0] === undefined) throw new Error('Your query returned no results');
      return { id: Images[0].ImageId };
    },
  };
}

(reason === null ? describe : describe.skip)(
  reason === null ? 'the AWS stack on moto' : `the AWS stack on moto (skipped: ${reason})`,
  () => {
    const scratch = useScratch();
    let moto: Moto;
    let client: sdk.EC2Client;
    let api: CloudApi;
    beforeAll(async () => {
      moto = await startMoto('program' in found ? found.program : '');
    });
    afterAll(() => moto.stop());
    beforeEach(async () => {
      await moto.reset();
      const env = { ...moto.env, CVICAST_RETRY_SECONDS: '0.01' };
      api = await clouds['aws']!.api({ env, homeFolder: scratch() });
      const [accessKeyId, secretAccessKey] = ['key', 'secret'];
      const endpoint = moto.env['AWS_ENDPOINT_URL']!;
      client = new sdk.EC2Client({ region, endpoint, credentials: { accessKeyId, secretAccessKey } });
    });
    afterEach(() => client.destroy());

    it('is accepted call by call, and moto holds what the stack means', async () => {
      expect(await api.account()).toBe('123456789012');
      await askedBy('aws', request, through(client));
      const { Reservations } = await client.send(new sdk.DescribeInstancesCommand({}));
      const instance = Reservations![0]!.Instances![0]!;
      expect(instance).toMatchObject({
        ...{ ImageId: motoImage, InstanceType: 'c6i.xlarge', KeyName: request.job },
        MetadataOptions: { HttpEndpoint: 'enabled', HttpTokens: 'required', HttpPutResponseHopLimit: 1 },
      });
      expect(Object.fromEntries(instance.Tags!.map((tag) => [tag.Key, tag.Value]))).toMatchObject(tags);
      const [userData, shutdown] = await Promise.all(
        (['userData', 'instanceInitiatedShutdownBehavior'] as const).map((Attribute) =>
          client.send(new sdk.DescribeInstanceAttributeCommand({ InstanceId: instance.InstanceId, Attribute })),
        ),
      );
      expect(Buffer.from(userData!.UserData!.Value!, 'base64').toString()).toBe(request.userData);
      expect(shutdown!.InstanceInitiatedShutdownBehavior!.Value).toBe('terminate');

      const { Volumes } = await client.send(new sdk.DescribeVolumesCommand({}));
      expect(Volumes).toMatchObject([{ Size: 30, Encrypted: true, VolumeType: 'gp3' }]);
      expect(Object.fromEntries(Volumes![0]!.Tags!.map((tag) => [tag.Key, tag.Value]))).toMatchObject(tags);

      const { SecurityGroups } = await client.send(
        new sdk.DescribeSecurityGroupsCommand({ Filters: [{ Name: 'group-name', Values: [request.job] }] }),
      );
      const groups = instance.NetworkInterfaces!.flatMap((card) => card.Groups!.map((one) => one.GroupName));
      expect(groups).toContain(request.job);
      expect(SecurityGroups).toMatchObject([
        {
          IpPermissions: [
            { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: request.allowCidrs[0] }] },
          ],
          IpPermissionsEgress: [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
        },
      ]);

      const { RouteTables } = await client.send(
        new sdk.DescribeRouteTablesCommand({
          Filters: [{ Name: 'association.subnet-id', Values: [instance.SubnetId!] }],
        }),
      );
      expect(RouteTables![0]!.Routes).toContainEqual(
        expect.objectContaining({
          DestinationCidrBlock: '0.0.0.0/0',
          GatewayId: expect.stringMatching(/^igw-/) as string,
        }),
      );
    });

    it.each([{ zone: 'us-east-1b' }, { spot: true }])('is accepted with %j too', async (wish) => {
      const asked = await askedBy('aws', { ...request, ...wish }, through(client));
      expect(asked).toHaveLength(8);
    });

    it('is found by its tags and removed in an order that EC2 allows, until nothing is left', async () => {
      await askedBy('aws', request, through(client));
      const listed = await api.list([region]);
      const kinds = ['instance', 'volume', 'key-pair', 'security-group', 'subnet', 'route-table', 'internet-gateway'];
      expect(new Set(listed.map((one) => one.kind))).toEqual(new Set([...kinds, 'vpc']));
      expect(new Set(listed.map((one) => `${one.job} ${one.owner}`))).toEqual(
        new Set([`${request.job} ${request.owner}`]),
      );
      await expect(api.remove(listed.find((one) => one.kind === 'vpc')!)).rejects.toMatchObject({ name: 'UserError' });
      for (const one of listed) await api.remove(one);
      // EC2 deletes a key pair by its id or its name; moto knows the name only, and says nothing.
      await client.send(new sdk.DeleteKeyPairCommand({ KeyName: request.job }));
      expect(await api.list([region])).toEqual([]);
      const { Vpcs } = await client.send(new sdk.DescribeVpcsCommand({}));
      expect(Vpcs!.filter((one) => one.CidrBlock === '10.77.0.0/24')).toEqual([]);
    });

    it('has a place that is looked at first', async () => {
      await api.preflight({ region, size: request.size });
      await expect(api.preflight({ region, size: 't4g.medium' })).rejects.toMatchObject({ code: 'arm-size' });
      await expect(api.preflight({ region, zone: 'us-east-1z', size: request.size })).rejects.toMatchObject({
        name: 'UserError',
      });
    });

    it('is refused where it is wrong', async () => {
      const answers = through(client);
      const ask = (type: string, inputs: Answer) => answers.resource({ type, name: 'x', inputs });
      await expect(ask('aws:ec2/vpc:Vpc', { cidrBlock: '10.77.0.0/8' })).rejects.toMatchObject({
        name: 'InvalidVpc.Range',
      });
      await expect(ask('aws:ec2/subnet:Subnet', { vpcId: 'vpc-0', cidrBlock: '10.77.0.0/24' })).rejects.toMatchObject({
        name: expect.stringMatching(/^InvalidVpcID|InvalidParameter$/) as string,
      });
      await expect(ask('aws:ec2/keyPair:KeyPair', { keyName: 'k', publicKey: 'no key' })).rejects.toMatchObject({
        name: expect.stringMatching(/^InvalidKey|InvalidParameterValue$/) as string,
      });
    });
  },
);
