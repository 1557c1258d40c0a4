import * as grpc from '@grpc/grpc-js';
import * as provider from '@pulumi/pulumi/proto/provider_pb';
import { ResourceProviderService } from '@pulumi/pulumi/proto/provider_grpc_pb';
import { PluginInfo } from '@pulumi/pulumi/proto/plugin_pb';
import { Status } from '@pulumi/pulumi/proto/status_pb';
import { Any } from 'google-protobuf/google/protobuf/any_pb';
import { Empty } from 'google-protobuf/google/protobuf/empty_pb';
import { Struct, type JavaScriptValue } from 'google-protobuf/google/protobuf/struct_pb';
import { messageOf } from '../../../src/errors';
import { judgeOf, type Judge } from '../judges/judge';
import type { Entry, Props } from './ledger';
import { Panic, Refusal } from './refusal';
import { isProps } from './shape';
import type { Made, Resource } from './table';
import type { LiveWorld } from './world';

/** The work was done, the watching failed: the engine keeps the id and says why. */
class InitFailed extends Error {
  constructor(
    message: string,
    readonly made: Made,
  ) {
    super(message);
  }
}

type Handler<Request, Response> = (request: Request) => Promise<Response> | Response;

const typeOf = (urn: string): string => urn.split('::')[2]!.split('$').pop()!;

const props = (struct: Struct | undefined): Props => struct?.toJavaScript() ?? {};
const struct = (value: Props): Struct => Struct.fromJavaScript(clean(value) as Record<string, JavaScriptValue>);

/** Structs know no `undefined`. */
function clean(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(clean);
  if (!isProps(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, item]) => (item === undefined ? [] : [[name, clean(item)]])),
  );
}

/**
 * The provider plugin of a cloud as the engine sees it: the same gRPC protocol, the same type tokens, and the failures
 * that were seen of the real ones. What it makes goes into the ledger; what the engine believes is the engine's affair.
 */
export class Plugin {
  private server: grpc.Server | null = null;
  private readonly judge: Judge | null;
  port = 0;

  constructor(private readonly world: LiveWorld) {
    this.judge = world.table.requests === undefined ? null : judgeOf(world.table.name);
  }

  async start(): Promise<void> {
    const server = new grpc.Server({ 'grpc.max_receive_message_length': -1 });
    server.addService(ResourceProviderService, this.service());
    this.port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(`127.0.0.1:${this.port}`, grpc.ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(port),
      );
    });
    this.server = server;
  }

  stop(): void {
    this.server?.forceShutdown();
    this.server = null;
  }

  /** Dies as a plugin dies: every call ends in the middle; a new one listens afterwards, for the next run. */
  async die(): Promise<void> {
    this.stop();
    await this.start();
  }

  private service(): grpc.UntypedServiceImplementation {
    const { world } = this;
    return {
      getPluginInfo: this.serve(() => new PluginInfo().setVersion('999.0.0')),
      attach: this.serve(() => new Empty()),
      cancel: this.serve(() => new Empty()),
      checkConfig: this.serve((request: provider.CheckRequest) =>
        new provider.CheckResponse().setInputs(request.getNews()),
      ),
      diffConfig: this.serve(() => new provider.DiffResponse()),
      configure: this.serve((request: provider.ConfigureRequest) => {
        world.config = { ...world.config, ...props(request.getArgs()) };
        return new provider.ConfigureResponse();
      }),
      check: this.serve((request: provider.CheckRequest) => this.check(request)),
      diff: this.serve((request: provider.DiffRequest) => this.diff(request)),
      create: this.serve((request: provider.CreateRequest) => this.create(request)),
      read: this.serve((request: provider.ReadRequest) => this.read(request)),
      update: this.serve((request: provider.UpdateRequest) => this.update(request)),
      delete: this.serve((request: provider.DeleteRequest) => this.delete(request)),
      invoke: this.serve(async (request: provider.InvokeRequest) => {
        const token = request.getTok();
        const invoke = world.table.invokes?.[token];
        if (!invoke) throw new Refusal('UnknownFunction', `unknown function ${token}`);
        const answer = await world.faults.around(world.faults.next('invoke', token), () =>
          Promise.resolve(invoke(world, props(request.getArgs()))),
        );
        return new provider.InvokeResponse().setReturn(struct(answer));
      }),
    };
  }

  private serve<Request, Response>(handler: Handler<Request, Response>): grpc.handleUnaryCall<Request, Response> {
    return (call, callback) => {
      Promise.resolve()
        .then(() => handler(call.request))
        .then(
          (response) => callback(null, response),
          (thrown: unknown) => {
            if (thrown instanceof Panic) void this.die();
            else callback(asGrpc(thrown, this.world.table.say));
          },
        );
    };
  }

  private resource(urn: string): Resource {
    const type = typeOf(urn);
    const resource = this.world.table.resources[type];
    if (!resource) throw new Refusal('UnknownType', `unknown resource type ${type}`);
    return resource;
  }

  /** Refuses what the cloud's own description of its requests does not allow. */
  private judged(urn: string, inputs: Props): void {
    const requests = this.world.table.requests?.[typeOf(urn)]?.(inputs) ?? [];
    const [first] = requests.flatMap((one) => this.judge?.problems(one) ?? []);
    if (first) throw new Refusal('RefusedByItsDescription', `${first.property}: ${first.reason}`);
  }

  private check(request: provider.CheckRequest): provider.CheckResponse {
    const resource = this.resource(request.getUrn());
    const inputs = props(request.getNews());
    const problems = [...resource.inputs(inputs, ''), ...(resource.check?.(inputs) ?? [])];
    const failures = problems.map(({ property, reason }) =>
      new provider.CheckFailure().setProperty(property).setReason(reason),
    );
    return new provider.CheckResponse().setInputs(request.getNews()).setFailuresList(failures);
  }

  private diff(request: provider.DiffRequest): provider.DiffResponse {
    const [before, after] = [props(request.getOldInputs()), props(request.getNews())];
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    const changed = [...names].filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
    const response = new provider.DiffResponse().setDiffsList(changed);
    if (changed.length === 0) return response.setChanges(provider.DiffResponse.DiffChanges.DIFF_NONE);
    const replaces = this.resource(request.getUrn()).update ? [] : changed;
    return response
      .setChanges(provider.DiffResponse.DiffChanges.DIFF_SOME)
      .setReplacesList(replaces)
      .setDeletebeforereplace(true);
  }

  private async create(request: provider.CreateRequest): Promise<provider.CreateResponse> {
    const { world } = this;
    const resource = this.resource(request.getUrn());
    const inputs = props(request.getProperties());
    this.judged(request.getUrn(), inputs);
    const fault = world.faults.next('create', resource.kind);
    const create = async () => {
      const made = await resource.create(world, inputs);
      if (fault !== null && 'loseAnswer' in fault) made.entry.hiddenFor = fault.loseAnswer.hide ?? 0;
      return made;
    };
    const once = fault !== null && 'loseAnswer' in fault && fault.loseAnswer.retry && resource.idempotent === true;
    const made = await world.faults.around(once ? null : fault, create);
    if (fault !== null && 'hide' in fault) made.entry.hiddenFor = fault.hide.listings;
    if (fault !== null && 'initFailed' in fault) throw new InitFailed(fault.initFailed.message, made);
    return new provider.CreateResponse().setId(made.entry.id).setProperties(struct(made.outputs));
  }

  private async read(request: provider.ReadRequest): Promise<provider.ReadResponse> {
    const { world } = this;
    const resource = this.resource(request.getUrn());
    const entry = await world.faults.around(world.faults.next('read', resource.kind), () =>
      Promise.resolve(world.ledger.get(resource.kind, request.getId())),
    );
    // An empty id tells the engine that it is gone.
    if (!entry) return new provider.ReadResponse().setId('');
    const inputs = request.getInputs() ?? request.getProperties();
    return new provider.ReadResponse()
      .setId(entry.id)
      .setProperties(struct({ ...props(request.getProperties()), ...entry.properties }))
      .setInputs(inputs);
  }

  private async update(request: provider.UpdateRequest): Promise<provider.UpdateResponse> {
    const { world } = this;
    const resource = this.resource(request.getUrn());
    const entry = this.entry(resource, request.getId());
    const inputs = props(request.getNews());
    this.judged(request.getUrn(), inputs);
    const outputs = await world.faults.around(world.faults.next('update', resource.kind), () => {
      if (!resource.update) throw new Refusal('NotUpdatable', `${resource.kind} cannot be changed`);
      return Promise.resolve(resource.update(world, entry, inputs));
    });
    return new provider.UpdateResponse().setProperties(struct(outputs));
  }

  private async delete(request: provider.DeleteRequest): Promise<Empty> {
    const { world } = this;
    const resource = this.resource(request.getUrn());
    const id = request.getId();
    await world.faults.around(world.faults.next('delete', resource.kind), async () => {
      const entry = world.ledger.get(resource.kind, id);
      if (!entry) {
        if (resource.whenGone === 'succeeds') return;
        throw new Refusal('NotFound', resource.whenGone(id), 404);
      }
      await resource.remove?.(world, entry);
      await world.end(entry, 'engine');
    });
    return new Empty();
  }

  private entry(resource: Resource, id: string): Entry {
    const entry = this.world.ledger.get(resource.kind, id);
    if (!entry) throw new Refusal('NotFound', `${resource.kind} ${id} not found`, 404);
    return entry;
  }
}

const usualWords = (refusal: Refusal): string => `${refusal.code}: ${refusal.message}`;

function asGrpc(thrown: unknown, say: (refusal: Refusal) => string = usualWords): Partial<grpc.StatusObject> {
  const message = thrown instanceof Refusal ? say(thrown) : messageOf(thrown);
  if (!(thrown instanceof InitFailed)) return { code: grpc.status.UNKNOWN, details: message };
  const detail = new provider.ErrorResourceInitFailed()
    .setId(thrown.made.entry.id)
    .setProperties(struct(thrown.made.outputs))
    .setReasonsList([message]);
  const any = new Any();
  any.pack(detail.serializeBinary(), 'pulumirpc.ErrorResourceInitFailed');
  const status = new Status().setCode(grpc.status.UNKNOWN).setMessage(message).setDetailsList([any]);
  const metadata = new grpc.Metadata();
  metadata.add('grpc-status-details-bin', Buffer.from(status.serializeBinary()));
  return { code: grpc.status.UNKNOWN, details: message, metadata };
}
