import * as pulumi from '@pulumi/pulumi';
import { clouds } from '../../src/cloud';
import type { MachineRequest } from '../../stacks/machine';

/** One resource as a stack asks its plugin for it. */
export interface Asked {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** Answers in a plugin's place: the id and outputs of a resource, the result of an invoke. */
export interface Answers {
  resource(asked: Asked): Promise<{ id: string; outputs: Record<string, unknown> }>;
  invoke(token: string, args: Record<string, unknown>): Promise<Record<string, unknown>>;
}

const secretMark = '4dabf18193072939515e22adb298388d';

/** Secrets as what they hold. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  if (secretMark in value && 'value' in value) return plain(value.value);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]));
}

/**
 * Runs a stack without an engine; answers what it asked for, in its order, once everything has been answered. Throws
 * the first failure of an answer: what hangs on it would wait for ever.
 */
export async function askedBy(cloud: string, request: MachineRequest, answers: Answers): Promise<Asked[]> {
  const asked: Asked[] = [];
  let fail: (thrown: unknown) => void = () => undefined;
  const failed = new Promise<never>((_resolve, reject) => (fail = reject));
  await pulumi.runtime.setMocks({
    newResource: async ({ type, name, inputs }) => {
      const one = { type, name, inputs: plain(inputs) as Record<string, unknown> };
      asked.push(one);
      try {
        const { id, outputs } = await answers.resource(one);
        return { id, state: { ...one.inputs, ...outputs } };
      } catch (thrown) {
        fail(thrown);
        return new Promise<never>(() => undefined);
      }
    },
    call: ({ token, inputs }) => answers.invoke(token, inputs as Record<string, unknown>),
  });
  const stack = await clouds[cloud]!.stack();
  const { machineId } = stack(request);
  const made = new Promise((resolve) => pulumi.output(machineId).apply(resolve));
  await Promise.race([made, failed]);
  return asked;
}
