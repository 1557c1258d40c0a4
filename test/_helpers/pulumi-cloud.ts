import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

/** An update as the service keeps it. Its lease never runs out by itself: only `complete` and `cancel` end it. */
interface Update {
  readonly kind: string;
  readonly token: string;
  status: 'not started' | 'running' | 'succeeded' | 'failed' | 'cancelled';
  /** Sequence numbers of its events; no two may be the same. */
  readonly events: Set<number>;
}

interface StoredStack {
  tags: Record<string, string>;
  /** The last checkpoint: `UntypedDeployment` of apitype/core.go. */
  state: { version: number; deployment: { readonly manifest: object; readonly resources?: readonly object[] } };
  version: number;
  /** As in the service it stays after the update's end (issue 5364 of pulumi/pulumi). */
  activeUpdate: string;
  readonly updates: Map<string, Update>;
}

/** Becomes an `apitype.ErrorResponse` (apitype/errors.go), which the engine prints as `[code] message`. */
class Refusal extends Error {
  constructor(
    readonly code: number,
    message: string,
    /** No client that knows the service asks this. */
    readonly strange = false,
  ) {
    super(message);
  }
}
const unknown = () => new Refusal(404, 'Not Found', true);
const malformed = (what: string) => new Refusal(400, `Bad Request: ${what}`, true);

export const organization = 'acme';
const user = 'ann';
const nameOf = (job: string) => `${organization}/cvicast/${job}`;
/** What `pulumi stack export` shows of a stack that was never updated. */
const nothing = { version: 3, deployment: { manifest: { time: '0001-01-01T00:00:00Z', magic: '', version: '' } } };

/** Names of stacks and their updates (client/api_endpoints.go); every kind of update goes on below `update`. */
const paths = {
  project: /^\/api\/stacks\/([^/]+)\/([^/]+)$/,
  stack: /^\/api\/stacks\/([^/]+)\/([^/]+)\/([^/]+)(\/.*)?$/,
  update: /^\/update\/([^/]+)(\/.*)?$/,
} as const;

interface Call {
  readonly method: string;
  readonly pathname: string;
  readonly query: URLSearchParams;
  readonly authorization: string;
  readonly body: Record<string, unknown>;
}

/**
 * A stand-in of Pulumi Cloud's HTTP API, as far as our commands use it: endpoints, fields, tokens and gzip bodies are those
 * of the client in version 3.220.0 of the engine (pkg/backend/httpstate/client, sdk/go/common/apitype), the words of
 * its refusals those that the client looks for or that are quoted in issues of pulumi/pulumi. What it does not know it
 * refuses and remembers.
 */
export class PulumiCloud {
  /** The only access token that it accepts. */
  readonly token = `pul-${randomUUID()}`;
  /** Requests that it had no answer for: of an endpoint that it does not have, or malformed. */
  readonly strange: string[] = [];
  /** Endpoints that were used, without names: `POST /update/ID/complete`. */
  readonly used = new Set<string>();
  /** `CapabilitiesResponse` of apitype/service.go. With this one the engine sends checkpoints below the size verbatim. */
  capabilities: readonly object[] = [
    { capability: 'delta-checkpoint-uploads-v2', version: 2, configuration: { checkpointCutoffSizeBytes: 1 << 20 } },
  ];
  /** Whether the lease of an update runs out just after it stood in another's way. */
  leaseRunsOut = false;
  /** Whether it refuses to hear that an update is complete. */
  deaf = false;
  private readonly stacks = new Map<string, StoredStack>();
  private readonly server = http.createServer((request, response) => void this.serve(request, response));

  static async start(): Promise<PulumiCloud> {
    const cloud = new PulumiCloud();
    cloud.server.listen(0, '127.0.0.1');
    await once(cloud.server, 'listening');
    return cloud;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  /** Full names of the stacks that it holds. */
  names(): string[] {
    return [...this.stacks.keys()];
  }

  /** Kind and status of all updates of a job, in order. */
  updates(job: string): string[] {
    return [...this.find(nameOf(job)).updates.values()].map(({ kind, status }) => `${kind} ${status}`);
  }

  /** Begins an update as an engine on another computer does; answers what completes it. */
  beginElsewhere(job: string): () => void {
    const stack = this.find(nameOf(job));
    const { updateID } = this.createUpdate(stack, 'update');
    this.startUpdate(stack, updateID, {});
    return () => void (stack.updates.get(updateID)!.status = 'succeeded');
  }

  private find(name: string): StoredStack {
    const stack = this.stacks.get(name);
    if (stack === undefined) throw new Refusal(404, `Not Found: Stack '${name}' not found`);
    return stack;
  }

  private async serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const { pathname, searchParams: query } = new URL(request.url ?? '', this.url);
    const authorization = request.headers.authorization ?? '';
    const method = request.method ?? '';
    const reply = (code: number, body: unknown) =>
      response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    try {
      reply(200, this.answer({ method, pathname, query, authorization, body: await read(request) }));
    } catch (thrown) {
      const refusal = thrown instanceof Refusal ? thrown : malformed(String(thrown));
      if (refusal.strange) this.strange.push(`${method} ${request.url}: ${refusal.message}`);
      reply(refusal.code, { code: refusal.code, message: refusal.message });
    }
  }

  private answer(call: Call): unknown {
    const [, owner, ofProject, name, rest = ''] = paths.stack.exec(call.pathname) ?? [];
    const [, id = '', step = ''] = paths.update.exec(rest) ?? [];
    const known = name === undefined ? call.pathname : id === '' ? rest : rest.replace(id, 'ID');
    this.used.add(`${call.method} ${known}`);
    const leased = ['/renew_lease', '/checkpoint', '/checkpointverbatim', '/events/batch', '/complete'].includes(step);
    if (!leased && call.authorization !== `token ${this.token}`) {
      throw new Refusal(401, 'Unauthorized: No credentials provided or are invalid.');
    }
    if (name === undefined) return this.answerOutsideStacks(call);
    const full = `${owner}/${ofProject}/${name}`;
    const stack = this.find(full);
    if (id !== '') return this.answerUpdate(stack, id, step, call);
    switch (`${call.method} ${rest}`) {
      case 'GET ':
        return this.describe(full, stack);
      case 'DELETE ':
        // isStackHasResourcesError of client.go knows the refusal by these words.
        if (call.query.get('force') !== 'true' && (stack.state.deployment.resources ?? []).length > 0) {
          throw new Refusal(400, 'Bad Request: Stack still contains resources.');
        }
        this.stacks.delete(full);
        return {};
      case 'GET /export':
        return stack.state;
      case 'POST /update':
      case 'POST /refresh':
      case 'POST /destroy':
        need(call, { name: 'string', options: 'object', config: 'object', metadata: 'object' });
        return this.createUpdate(stack, rest.slice(1));
      case 'POST /decrypt/log-batch-decryption':
        return {};
      default:
        throw unknown();
    }
  }

  private answerOutsideStacks(call: Call): unknown {
    switch (`${call.method} ${call.pathname}`) {
      case 'GET /api/user':
        return { githubLogin: user, organizations: [{ githubLogin: user }, { githubLogin: organization }] };
      case 'GET /api/user/organizations/default':
        return { GitHubLogin: organization };
      case 'GET /api/capabilities':
        return { capabilities: this.capabilities };
    }
    const [, owner, ofProject] = paths.project.exec(call.pathname) ?? [];
    if (ofProject === undefined || call.method !== 'POST') throw unknown();
    need(call, { stackName: 'string' });
    const name = `${owner}/${ofProject}/${String(call.body['stackName'])}`;
    if (this.stacks.has(name)) throw new Refusal(409, `Conflict: Stack '${name}' already exists`);
    const tags = (call.body['tags'] ?? {}) as Record<string, string>;
    this.stacks.set(name, { tags, state: nothing, version: 0, activeUpdate: '', updates: new Map() });
    return {};
  }

  private describe(full: string, stack: StoredStack): object {
    const [orgName, projectName, stackName] = full.split('/');
    const { activeUpdate, tags, version } = stack;
    return { id: full, orgName, projectName, stackName, activeUpdate, tags, version };
  }

  private createUpdate(stack: StoredStack, kind: string): { updateID: string } {
    const updateID = randomUUID();
    stack.updates.set(updateID, { kind, token: randomUUID(), status: 'not started', events: new Set() });
    return { updateID };
  }

  private startUpdate(stack: StoredStack, id: string, body: Record<string, unknown>): object {
    const update = stack.updates.get(id)!;
    if (update.status !== 'not started') throw new Refusal(409, 'Conflict: The Update has already been started');
    const running = [...stack.updates.values()].find(({ status }) => status === 'running');
    if (running !== undefined) {
      stack.updates.delete(id);
      if (this.leaseRunsOut) running.status = 'failed';
      throw new Refusal(409, 'Conflict: Another update is currently in progress.');
    }
    update.status = 'running';
    stack.activeUpdate = id;
    stack.version += 1;
    if (body['tags'] !== undefined) stack.tags = body['tags'] as Record<string, string>;
    return { version: stack.version, token: update.token };
  }

  private answerUpdate(stack: StoredStack, id: string, step: string, call: Call): unknown {
    const update = stack.updates.get(id);
    if (update === undefined) throw new Refusal(404, `Not Found: Update '${id}' not found`);
    const asked = `${call.method} ${step}`;
    if (asked === 'POST ') return this.startUpdate(stack, id, call.body);
    if (asked === 'POST /cancel') {
      if (update.status !== 'running') throw new Refusal(409, 'Conflict: The Update has already completed');
      update.status = 'cancelled';
      return {};
    }
    // All else is for who has the lease. RenewLeaseFunc of state.go takes a 403 as its end.
    const unheard = this.deaf && step === '/complete';
    if (unheard || update.status !== 'running' || call.authorization !== `update-token ${update.token}`) {
      throw new Refusal(403, 'Forbidden: the lease of the update is over');
    }
    switch (asked) {
      case 'POST /renew_lease':
        need(call, { duration: 'number' });
        return { token: update.token };
      case 'PATCH /checkpoint':
        return this.keep(stack, call.body);
      case 'PATCH /checkpointverbatim':
        need(call, { sequenceNumber: 'number', untypedDeployment: 'object' });
        return this.keep(stack, call.body['untypedDeployment'] as Record<string, unknown>);
      case 'POST /events/batch':
        for (const { sequence } of call.body['events'] as { sequence: number }[]) {
          if (!Number.isInteger(sequence) || update.events.has(sequence)) throw malformed('sequence of an event');
          update.events.add(sequence);
        }
        return {};
      case 'POST /complete':
        if (!/^(succeeded|failed|cancelled)$/.test(String(call.body['status']))) throw malformed('status');
        update.status = call.body['status'] as Update['status'];
        return {};
      default:
        throw unknown();
    }
  }

  private keep(stack: StoredStack, body: Record<string, unknown>): object {
    const { version, deployment } = body as Partial<StoredStack['state']>;
    // A service that does not say which schema it knows gets the third (downgradeDeploymentVersionIfNeeded).
    if (version !== 3 || typeof deployment?.manifest !== 'object') throw malformed('not a deployment');
    stack.state = { version, deployment };
    return {};
  }
}

function need(call: Call, fields: Readonly<Record<string, 'string' | 'number' | 'object'>>): void {
  for (const [name, type] of Object.entries(fields)) {
    if (typeof call.body[name] !== type) throw malformed(`${name} is no ${type}`);
  }
}

/** Body and headers as `pulumiAPICall` of client/api.go sends them. */
async function read(request: http.IncomingMessage): Promise<Record<string, unknown>> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const bytes = Buffer.concat(pieces);
  if (request.headers.accept !== 'application/vnd.pulumi+8') throw malformed('version of the API');
  if (bytes.length === 0) return {};
  const text = request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
  const body = JSON.parse(text.toString('utf8')) as unknown;
  if (typeof body !== 'object' || body === null) throw malformed('the body is no object');
  return body as Record<string, unknown>;
}
