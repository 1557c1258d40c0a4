import type { Entry } from '../core/ledger';
import { Refusal } from '../core/refusal';
import type { HttpAnswer, HttpRequest, World } from '../core/table';
import { checkUnused, groupKind, takeAlong } from './azure';
import * as facts from './azure-facts';

const refuse = (status: number, code: string, message: string): never => {
  throw new Refusal(code, message, status);
};
const ok = (body: unknown): HttpAnswer => ({ status: 200, body });
const page = (value: unknown[]): HttpAnswer => ok({ value });
/** What the login gives out for the secret; a secret itself. */
const tokenOf = (world: World): string => `token-for-${world.secret}`;

const shown = (one: Entry): Record<string, unknown> => ({
  ...{ id: one.id, name: one.name, location: one.region, tags: one.tags },
  createdTime: new Date(one.createdAt).toISOString(),
  ...(one.kind === groupKind ? {} : { type: one.kind }),
});

function login(world: World, { body }: HttpRequest): HttpAnswer {
  const form = new URLSearchParams(body);
  if (form.get('client_id') !== 'stand-in-client' || form.get('client_secret') !== world.secret) {
    const message = 'AADSTS7000215: Invalid client secret provided.';
    return { status: 401, body: { error: 'invalid_client', error_description: message } };
  }
  return ok({ token_type: 'Bearer', expires_in: 3599, access_token: tokenOf(world) });
}

function prices(query: URLSearchParams): HttpAnswer {
  const size = /armSkuName eq '([^']+)'/.exec(query.get('$filter') ?? '')?.[1] ?? '';
  const known = facts.sizes[size];
  const item = { productName: 'Virtual Machines', skuName: size, unitOfMeasure: '1 Hour', type: 'Consumption' };
  return ok({ Items: known ? [{ ...item, retailPrice: known[2] }] : [] });
}

/** `tagName eq 'X'`, the one filter that cvicast sends. */
function tagged(world: World, query: URLSearchParams, kinds: (kind: string) => boolean): HttpAnswer {
  const name = /^tagName eq '([^']+)'$/.exec(query.get('$filter') ?? '')?.[1];
  if (name === undefined) return refuse(400, 'InvalidFilterInQueryString', 'Invalid $filter');
  const all = [...new Set(world.ledger.alive().map((one) => one.kind))].filter(kinds);
  return page(
    all
      .flatMap((kind) => world.ledger.listed(kind))
      .filter((one) => name in one.tags)
      .map(shown),
  );
}

function told(world: World, path: string): HttpAnswer | null {
  if (path === '/locations') return page(facts.locations.map((name) => ({ name })));
  if (path === '/providers/Microsoft.Authorization/permissions') {
    const actions = world.options['permissions'] === 'read' ? ['*/read'] : ['*'];
    return page([{ actions, notActions: [] }]);
  }
  if (/^\/providers\/Microsoft\.(Compute|Network|DevTestLab)$/.test(path))
    return ok({ registrationState: 'Registered' });
  if (path === '/providers/Microsoft.Compute/skus') {
    return page(
      Object.entries(facts.sizes).map(([name, [vcpus, memory, , family, architecture]]) => ({
        ...{ name, family, resourceType: 'virtualMachines', restrictions: [] },
        locationInfo: [{ location: 'here', zones: ['1', '2', '3'] }],
        capabilities: [
          { name: 'vCPUs', value: String(vcpus) },
          { name: 'MemoryGB', value: String(memory) },
          { name: 'CpuArchitectureType', value: architecture },
        ],
      })),
    );
  }
  const usages = /^\/providers\/Microsoft\.Compute\/locations\/(\w+)\/usages$/.exec(path);
  if (usages)
    return page([
      { currentValue: 0, limit: Number(world.options['coreLimit'] ?? '10'), name: { value: 'cores' } },
      { currentValue: 0, limit: 10, name: { value: 'lowPriorityCores' } },
    ]);
  const { publisher, offer, sku } = facts.image;
  const versions = `publishers/${publisher}/artifacttypes/vmimage/offers/${offer}/skus/${sku}/versions`;
  return path.endsWith(`/${versions}`)
    ? ok(world.options['image'] === 'none' ? [] : [{ name: '22.04.202611040' }])
    : null;
}

async function manager(world: World, { method, path, query, headers }: HttpRequest): Promise<HttpAnswer> {
  if (headers['authorization'] !== `Bearer ${tokenOf(world)}`)
    return refuse(401, 'InvalidAuthenticationToken', 'The access token is invalid.');
  if (!query.has('api-version'))
    return refuse(400, 'MissingApiVersionParameter', 'The api-version query parameter is required.');
  const root = `/subscriptions/${facts.subscription}`;
  if (!path.startsWith(root)) return refuse(404, 'SubscriptionNotFound', 'The subscription could not be found.');
  const rest = path.slice(root.length);
  if (method === 'GET' && rest === '/resourcegroups') return tagged(world, query, (kind) => kind === groupKind);
  if (method === 'GET' && rest === '/resources') return tagged(world, query, (kind) => kind !== groupKind);
  const fact = method === 'GET' ? told(world, rest) : null;
  if (fact) return fact;
  const entry = world.ledger.alive().find((one) => one.id.toLowerCase() === path.toLowerCase());
  if (!entry) return refuse(404, 'ResourceNotFound', `The resource '${path}' was not found.`);
  if (method === 'GET') return ok(shown(entry));
  if (world.options['permissions'] === 'read')
    return refuse(
      403,
      'AuthorizationFailed',
      `The client does not have authorization to perform action over scope '${path}'.`,
    );
  checkUnused(world, entry);
  await takeAlong(world, entry, 'api');
  world.ledger.delete(entry, 'api');
  await world.halt(entry);
  return { status: 202 };
}

/** Azure's login, resource manager and retail prices, which stand side by side here. */
export async function azureApi(world: World, request: HttpRequest): Promise<HttpAnswer> {
  try {
    if (request.path === `/${facts.tenant}/oauth2/v2.0/token`) return login(world, request);
    if (request.path === '/api/retail/prices') return prices(request.query);
    return await manager(world, request);
  } catch (thrown) {
    if (!(thrown instanceof Refusal) || thrown.status === 0) throw thrown;
    return { status: thrown.status, body: { error: { code: thrown.code, message: thrown.message } } };
  }
}
