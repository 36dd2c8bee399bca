import * as z from 'zod/mini';
import type { Path } from '../parse/document.ts';

type Schema = z.core.$ZodType;

/** The keys that mappings at `path` may have by the schema, in any of its alternatives. */
export function keysAt(root: Schema, path: Path): string[] {
  const schemas = schemasAt(root, path).flatMap(alternatives);
  return [...new Set(schemas.flatMap((schema) => Object.keys(shapeOf(schema))))];
}

/** An example of the value that belongs at `path`, as it would be written, or undefined where the schema has none. */
export function exampleAt(root: Schema, path: Path): string | undefined {
  const example = schemasAt(root, path)
    .map((schema) => z.globalRegistry.get(schema)?.['examples'])
    .find((examples): examples is unknown[] => Array.isArray(examples))?.[0];
  return example === undefined ? undefined : `${path.at(-1)}: ${inFlow(example)}`;
}

function schemasAt(root: Schema, path: Path): Schema[] {
  return path.reduce<Schema[]>(
    (schemas, step) => schemas.flatMap(alternatives).flatMap((schema) => child(schema, step)),
    [root],
  );
}

function definition(schema: Schema): z.core.$ZodTypes['_zod']['def'] {
  return (schema as z.core.$ZodTypes)._zod.def;
}

function alternatives(schema: Schema): Schema[] {
  const def = definition(schema);
  return def.type === 'union' ? def.options.flatMap(alternatives) : [schema];
}

function child(schema: Schema, step: string | number): Schema[] {
  const def = definition(schema);
  if (def.type === 'array') return [unwrapped(def.element)];
  if (def.type === 'record') return [unwrapped(def.valueType)];
  const next = shapeOf(schema)[step];
  return next ? [unwrapped(next)] : [];
}

function unwrapped(schema: Schema): Schema {
  const def = definition(schema);
  return def.type === 'optional' ? unwrapped(def.innerType) : schema;
}

function shapeOf(schema: Schema): Readonly<Record<string, Schema>> {
  const def = definition(schema);
  return def.type === 'object' ? def.shape : {};
}

/** YAML on one line. */
function inFlow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inFlow).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const pairs = Object.entries(value).map(([key, item]) => `${key}: ${inFlow(item)}`);
    return `{ ${pairs.join(', ')} }`;
  }
  return typeof value === 'string' && !/^[a-z][\w/.-]*$/i.test(value) ? JSON.stringify(value) : String(value);
}
