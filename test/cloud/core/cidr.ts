import { BlockList, isIPv4 } from 'node:net';

/** Is an IPv4 address inside one of these ranges? Throws on a range that no cloud would take. */
export function within(address: string, ranges: readonly string[]): boolean {
  const list = new BlockList();
  for (const range of ranges) {
    const [net, bits = '32'] = range.split('/');
    if (isCidr(range)) list.addSubnet(net!, Number(bits), 'ipv4');
  }
  return list.check(address, 'ipv4');
}

/** An IPv4 range such as `203.0.113.7/32`, host bits zero. */
export function isCidr(text: string): boolean {
  const match = /^([0-9.]+)\/(\d{1,2})$/.exec(text);
  if (!match || !isIPv4(match[1]!) || Number(match[2]) > 32) return false;
  const value = match[1]!.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  return value % 2 ** (32 - Number(match[2])) === 0;
}
