import { isIPv4 } from 'node:net';
import { messageOf, UserError } from '../errors';

/** Services that answer with the address they see, as plain text. Run by different companies, so that one cannot lie alone. */
const echoServices = ['https://checkip.amazonaws.com', 'https://api.ipify.org', 'https://ipv4.icanhazip.com'];

async function ask(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(8000), redirect: 'error' });
  const text = (await response.text()).trim();
  if (!response.ok || !isIPv4(text)) {
    throw new UserError({
      code: 'no-address',
      what: `${url} did not answer with an address`,
      why: `it said HTTP ${response.status}`,
      fix: 'give --allow-cidr',
      exit: 'provider',
    });
  }
  return text;
}

/**
 * This computer's public IPv4 address as a /32, for the firewall of port 22: two echo services must agree.
 * `CVICAST_ECHO_URLS` (comma-separated) names other services. Throws `caller-address` when no two agree.
 */
export async function callerCidr(env: NodeJS.ProcessEnv): Promise<string> {
  const services = env['CVICAST_ECHO_URLS']?.split(',').filter((url) => url !== '') ?? echoServices;
  const answers = await Promise.allSettled(services.map(ask));
  const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  const agreed = addresses.find((address, index) => addresses.indexOf(address) !== index);
  if (agreed !== undefined) return `${agreed}/32`;
  const reasons = answers.flatMap((answer) => (answer.status === 'rejected' ? [messageOf(answer.reason)] : []));
  throw new UserError({
    code: 'caller-address',
    what: 'The public address of this computer is not known for sure',
    why:
      addresses.length > 1
        ? `the services disagree: ${addresses.join(', ')}`
        : `too few services answered (${reasons.join('; ')})`,
    fix: 'give --allow-cidr A.B.C.D/32 with the address that the machine will see',
    exit: 'provider',
  });
}

/** Checks CIDRs for port 22. Refuses what is malformed, and the whole internet. */
export function checkCidrs(cidrs: readonly string[]): string[] {
  return cidrs.map((cidr) => {
    const [address = '', length = ''] = cidr.split('/');
    const bits = Number(length);
    if (!isIPv4(address) || !/^\d{1,2}$/.test(length) || bits > 32 || bits < 8) {
      throw new UserError({
        code: 'bad-cidr',
        what: `--allow-cidr ${JSON.stringify(cidr)} cannot be used`,
        why: 'it must be an IPv4 network from /8 to /32: port 22 is for the caller alone, never for the whole internet',
        fix: 'give for example --allow-cidr 203.0.113.7/32',
        exit: 'input',
      });
    }
    return cidr;
  });
}
