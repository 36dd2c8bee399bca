import type * as z from 'zod/mini';
import type { Path } from '../parse/document.ts';

type Schema = z.core.$ZodType;

/** The keys that mappings at `path` may have by the schema, in any of its alternatives. */
export function keysAt(root: Schema, path: Path): string[] {
  let schemas = alternatives(root);
  for (const step of path) schemas = schemas.flatMap((schema) => child(schema, step)).flatMap(alternatives);
  return [...new Set(schemas.flatMap((schema) => Object.keys(shapeOf(schema))))];
}

function definition(schema: Schema): z.core.$ZodTypes['_zod']['def'] {
  return (schema as z.core.$ZodTypes)._zod.def;
}

function alternatives(schema: Schema): Schema[] {
  const def = definition(schema);
  if (def.type === 'optional') return alternatives(def.innerType);
  return def.type === 'union' ? def.options.flatMap(alternatives) : [schema];
}

function child(schema: Schema, step: string | number): Schema[] {
  const def = definition(schema);
  if (def.type === 'array') return [def.element];
  if (def.type === 'record') return [def.valueType];
  const next = shapeOf(schema)[step];
  return next ? [next] : [];
}

function shapeOf(schema: Schema): Readonly<Record<string, Schema>> {
  const def = definition(schema);
  return def.type === 'object' ? def.shape : {};
}
