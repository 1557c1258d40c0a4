import * as fs from 'node:fs';
import * as path from 'node:path';
import { isProps, type Problem } from '../core/shape';

/** The JSON Schema that `scripts/write-judges` makes of a cloud's own description, no more of it than that. */
interface Schema {
  readonly $ref?: string;
  /** A type that the excerpt leaves out: a body that has it cannot be judged. */
  readonly notInExcerpt?: string;
  readonly type?: string | readonly string[];
  readonly nullable?: boolean;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
}

/** A request as the plugin sends it to the cloud: the type of its body in the cloud's description, and the body. */
export interface CloudRequest {
  readonly schema: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Judge {
  /** Where its knowledge comes from, with the version. */
  readonly source: string;
  /** What the cloud's own description says against a request; nothing when it is as it must be. */
  problems(request: CloudRequest): Problem[];
  /** The description of a type, for translations that follow it. */
  schema(name: string): Schema;
}

const folder = path.resolve(__dirname, '../../_fixtures/judges');

/** The judge of a cloud: what the cloud itself publishes of its requests. */
export function judgeOf(cloud: string): Judge {
  const { source, schemas } = JSON.parse(fs.readFileSync(path.join(folder, `${cloud}.json`), 'utf8')) as {
    source: string;
    schemas: Record<string, Schema>;
  };
  const schema = (name: string): Schema => {
    const found = schemas[name];
    if (found === undefined) throw new Error(`the excerpt of ${cloud} holds no ${name}`);
    return found;
  };
  return { source, schema, problems: ({ schema: name, body }) => look(schema(name), body, '', schema) };
}

const typeOf = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'array' : Number.isInteger(value) ? 'integer' : typeof value;

function look(given: Schema, value: unknown, path: string, named: (name: string) => Schema): Problem[] {
  const schema = given.$ref === undefined ? given : named(given.$ref);
  const wrong = (reason: string): Problem[] => [{ property: path, reason }];
  if (schema.notInExcerpt !== undefined) return wrong(`${schema.notInExcerpt} is not in the excerpt`);
  if (value === null && schema.nullable) return [];
  const type = typeOf(value);
  const allowed = [schema.type ?? type].flat();
  if (!allowed.includes(type) && !(type === 'integer' && allowed.includes('number')))
    return wrong(`expected ${allowed.join(' or ')}, got ${JSON.stringify(value)}`);
  if (schema.enum !== undefined && !schema.enum.includes(value))
    return wrong(`expected one of ${schema.enum.join(', ')}, got ${JSON.stringify(value)}`);
  if (typeof value === 'string')
    return lookAtText(schema, value) ? [] : wrong(`invalid value ${JSON.stringify(value)}`);
  if (typeof value === 'number' && (value < (schema.minimum ?? value) || value > (schema.maximum ?? value)))
    return wrong(`out of range: ${value}`);
  if (Array.isArray(value))
    return value.flatMap((one, index) => (schema.items ? look(schema.items, one, `${path}[${index}]`, named) : []));
  return isProps(value) ? lookAtObject(schema, value, path, named) : [];
}

function lookAtText({ pattern, minLength, maxLength }: Schema, value: string): boolean {
  const fits = pattern === undefined || new RegExp(`^(?:${pattern})$`).test(value);
  return fits && value.length >= (minLength ?? 0) && value.length <= (maxLength ?? Infinity);
}

function lookAtObject(
  { properties, required, additionalProperties }: Schema,
  value: Readonly<Record<string, unknown>>,
  path: string,
  named: (name: string) => Schema,
): Problem[] {
  const at = (name: string): string => (path === '' ? name : `${path}.${name}`);
  const missing = (required ?? []).filter((name) => value[name] === undefined);
  return [
    ...missing.map((name) => ({ property: at(name), reason: 'missing required property' })),
    ...Object.entries(value).flatMap(([name, item]) => {
      const known = properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined;
      const schema = known ?? additionalProperties;
      // Undefined is not sent.
      if (item === undefined) return [];
      return schema ? look(schema, item, at(name), named) : [{ property: at(name), reason: 'unknown property' }];
    }),
  ];
}
