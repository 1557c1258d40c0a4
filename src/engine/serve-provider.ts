import * as grpc from '@grpc/grpc-js';
import { Empty } from 'google-protobuf/google/protobuf/empty_pb';
import { Struct, type JavaScriptValue } from 'google-protobuf/google/protobuf/struct_pb';
import { PluginInfo } from '@pulumi/pulumi/proto/plugin_pb';
import { ResourceProviderService } from '@pulumi/pulumi/proto/provider_grpc_pb';
import * as proto from '@pulumi/pulumi/proto/provider_pb';
import type { Provider } from '@pulumi/pulumi/provider';
import { Bug, messageOf, UserError } from '../errors';
import { troubleText } from './trouble';

type Bag = Record<string, JavaScriptValue>;
type Handler = (request: never) => Promise<object>;

/**
 * Serves a provider of ours to the engine on a free loopback port, in this process. (The SDK's own `provider.main` is
 * made for a program of its own: one a process, printing to stdout, and holding back uncaught errors.)
 *
 * Secrets arrive unwrapped; the engine marks what comes back under the same name as secret again. A `UserError` that the
 * provider throws reaches the engine's client as itself (see `trouble.ts`).
 */
export async function serveProvider(
  provider: Pick<Provider, 'version' | 'check' | 'diff' | 'create' | 'read' | 'update' | 'delete' | 'invoke'>,
): Promise<{ port: number; close(): Promise<void> }> {
  const bag = (struct: Struct | undefined): Bag => struct?.toJavaScript() ?? {};
  const struct = (value: unknown): Struct => Struct.fromJavaScript((value ?? {}) as Bag);

  const handlers: Record<string, Handler> = {
    getPluginInfo: () => {
      const response = new PluginInfo();
      response.setVersion(provider.version ?? '0.0.1');
      return Promise.resolve(response);
    },
    getSchema: () => {
      const response = new proto.GetSchemaResponse();
      response.setSchema('{}');
      return Promise.resolve(response);
    },
    attach: () => Promise.resolve(new Empty()),
    cancel: () => Promise.resolve(new Empty()),
    configure: () => {
      const response = new proto.ConfigureResponse();
      response.setAcceptsecrets(false);
      response.setAcceptresources(false);
      response.setAcceptoutputs(false);
      return Promise.resolve(response);
    },
    check: async (request: proto.CheckRequest) => {
      const news = bag(request.getNews());
      const result = await provider.check?.(request.getUrn(), bag(request.getOlds()), news);
      const response = new proto.CheckResponse();
      response.setInputs(struct(result?.inputs ?? news));
      response.setFailuresList(
        (result?.failures ?? []).map(({ property, reason }) => {
          const failure = new proto.CheckFailure();
          failure.setProperty(property);
          failure.setReason(reason);
          return failure;
        }),
      );
      return response;
    },
    diff: async (request: proto.DiffRequest) => {
      const result = await provider.diff?.(
        request.getId(),
        request.getUrn(),
        bag(request.getOlds()),
        bag(request.getNews()),
      );
      const { DiffChanges } = proto.DiffResponse;
      const response = new proto.DiffResponse();
      response.setChanges(result?.changes === true ? DiffChanges.DIFF_SOME : DiffChanges.DIFF_NONE);
      response.setReplacesList(result?.replaces ?? []);
      response.setDeletebeforereplace(result?.deleteBeforeReplace ?? false);
      return response;
    },
    create: async (request: proto.CreateRequest) => {
      const response = new proto.CreateResponse();
      const inputs = bag(request.getProperties());
      if (request.getPreview()) {
        response.setProperties(request.getProperties());
        return response;
      }
      if (provider.create === undefined) throw new Bug(`no create for ${request.getUrn()}`);
      const result = await provider.create(request.getUrn(), inputs);
      response.setId(result.id);
      response.setProperties(struct(result.outs));
      return response;
    },
    read: async (request: proto.ReadRequest) => {
      const response = new proto.ReadResponse();
      const old = bag(request.getProperties());
      const result =
        provider.read === undefined
          ? { id: request.getId(), props: old }
          : await provider.read(request.getId(), request.getUrn(), old);
      response.setId(result.id ?? '');
      response.setProperties(struct(result.props));
      response.setInputs(
        'inputs' in result && result.inputs !== undefined ? struct(result.inputs) : request.getInputs(),
      );
      return response;
    },
    update: async (request: proto.UpdateRequest) => {
      const news = bag(request.getNews());
      const result = await provider.update?.(request.getId(), request.getUrn(), bag(request.getOlds()), news);
      const response = new proto.UpdateResponse();
      response.setProperties(struct(result?.outs ?? news));
      return response;
    },
    delete: async (request: proto.DeleteRequest) => {
      await provider.delete?.(request.getId(), request.getUrn(), bag(request.getProperties()));
      return new Empty();
    },
    invoke: async (request: proto.InvokeRequest) => {
      const result = await provider.invoke?.(request.getTok(), bag(request.getArgs()));
      const response = new proto.InvokeResponse();
      response.setReturn(struct(result?.outputs));
      return response;
    },
  };

  const server = new grpc.Server({ 'grpc.max_receive_message_length': maximumBytes });
  server.addService(ResourceProviderService, implementation(handlers));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return {
    port,
    close: () => {
      server.forceShutdown();
      return Promise.resolve();
    },
  };
}

/** What the engine may send at once; its own limit. */
const maximumBytes = 400 * 1024 * 1024;

function implementation(handlers: Readonly<Record<string, Handler>>): grpc.UntypedServiceImplementation {
  const serve =
    (handler: Handler): grpc.handleUnaryCall<object, object> =>
    (call, callback) => {
      handler(call.request as never).then(
        (response) => callback(null, response),
        (thrown: unknown) =>
          callback({
            code: grpc.status.UNKNOWN,
            details: thrown instanceof UserError ? troubleText(thrown) : messageOf(thrown),
          }),
      );
    };
  return Object.fromEntries(Object.entries(handlers).map(([name, handler]) => [name, serve(handler)]));
}
