import type { Props } from '../core/ledger';
import { isProps } from '../core/shape';
import { judgeOf, type CloudRequest } from './judge';
import { omit, without, type Translation } from './translation';

const judge = judgeOf('azure');
type Schema = ReturnType<typeof judge.schema>;

/** The resource manager keeps most fields under `properties`; the plugin's inputs are flat. Fields go where they belong. */
function unflatten(given: Schema | undefined, value: unknown): unknown {
  const schema = given?.$ref === undefined ? given : judge.schema(given.$ref);
  if (Array.isArray(value)) return value.map((one) => unflatten(schema?.items, one));
  if (!isProps(value) || schema?.properties === undefined) return value;
  const [outer, inner] = [schema.properties, schema.properties['properties']?.properties ?? {}];
  const body: Props = {};
  const properties: Props = {};
  for (const [name, item] of Object.entries(value)) {
    if (!Object.hasOwn(outer, name) && Object.hasOwn(inner, name)) properties[name] = unflatten(inner[name], item);
    else body[name] = unflatten(outer[name], item);
  }
  return Object.keys(properties).length === 0 ? body : { ...body, properties };
}

/** The names in the resource's address are no part of its body. */
const resource =
  (schema: string, nameField: string) =>
  (inputs: Props): CloudRequest[] => {
    const rest = omit(without(inputs), [nameField, 'resourceGroupName']);
    return [{ schema, body: unflatten(judge.schema(schema), rest) as Props }];
  };

/** As the plugin of Azure turns its inputs into requests of the resource manager. */
export const azure: Translation = {
  'azure-native:resources:ResourceGroup': resource('ResourceGroup', 'resourceGroupName'),
  'azure-native:network:NetworkSecurityGroup': resource('NetworkSecurityGroup', 'networkSecurityGroupName'),
  'azure-native:network:VirtualNetwork': resource('VirtualNetwork', 'virtualNetworkName'),
  'azure-native:network:PublicIPAddress': resource('PublicIPAddress', 'publicIpAddressName'),
  'azure-native:network:NetworkInterface': resource('NetworkInterface', 'networkInterfaceName'),
  'azure-native:compute:VirtualMachine': resource('VirtualMachine', 'vmName'),
  'azure-native:devtestlab:GlobalSchedule': resource('Schedule', 'name'),
};
