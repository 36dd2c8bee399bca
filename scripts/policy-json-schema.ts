import * as z from 'zod/mini';
import { policySchema } from '../src/policy/schema/policy.ts';

/** The part of JSON Schema (draft 7, which editors know best) that the schema of policies uses. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly definitions?: Readonly<Record<string, JsonSchema>>;
  /** Not of JSON Schema: what Visual Studio Code says of a value that does not fit. */
  readonly errorMessage?: string;
}

/** The JSON Schema that makes editors complete a policy and mark what is wrong in it. */
export function policyJsonSchema(): JsonSchema {
  return z.toJSONSchema(policySchema, {
    target: 'draft-7',
    io: 'input',
    override({ zodSchema, jsonSchema }) {
      const { error } = zodSchema._zod.def as { error?: (issue: object) => unknown };
      const expectation = error?.({});
      if (typeof expectation === 'string') jsonSchema['errorMessage'] = `has to be ${expectation}`;
      // Safe integers are zod's limit, not the language's.
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  }) as JsonSchema;
}
