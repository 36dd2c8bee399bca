/**
 * Writes schema/policy.schema.json and docs/policy-reference.md from the schema of policies. With --check nothing is
 * written, and the exit code is 1 where a file is not what would have been written.
 */
import { policyJsonSchema } from './policy-json-schema.ts';
import { policyReference } from './policy-reference.ts';
import { writeGenerated } from './write-generated.ts';

process.chdir(new URL('..', import.meta.url).pathname);
const schema = policyJsonSchema();
writeGenerated('schema/policy.schema.json', `${JSON.stringify(schema, null, 2)}\n`);
writeGenerated('docs/policy-reference.md', policyReference(schema));
