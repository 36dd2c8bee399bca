import { stringify } from 'yaml';
import { DSCP_NAMES } from '../src/policy/check/dscp.ts';
import { ICMP_CODE_NAMES, ICMP_TYPE_NAMES } from '../src/policy/check/icmp-names.ts';
import { PROTOCOL_NAMES } from '../src/policy/check/protocol-names.ts';
import { TCP_FLAGS } from '../src/policy/check/tcp-flags.ts';
import type { JsonSchema } from './policy-json-schema.ts';

/** docs/policy-reference.md: every key of the language, from the JSON Schema. */
export function policyReference(root: JsonSchema): string {
  const rule = root.definitions?.['rule'] ?? {};
  const property = (schema: JsonSchema, ...path: readonly string[]): JsonSchema =>
    path.reduce<JsonSchema>((parent, key) => parent.properties?.[key] ?? {}, schema);
  const withOptions = (schema: JsonSchema): JsonSchema => schema.anyOf?.find((branch) => branch.properties) ?? {};
  const action = withOptions(property(rule, 'action'));
  return [
    '# Policy reference',
    'Generated from the schema of policies (`make generate`): do not edit.',
    INTRODUCTION,
    '## The policy',
    ...keys(root),
    '## A stage: `ingress` and `egress`',
    ...keys(property(root, 'ingress')),
    '## A set',
    `A set ${root.definitions?.['set']?.errorMessage}.`,
    ...(root.definitions?.['set']?.anyOf ?? []).flatMap((branch) => keys(branch)),
    '## A rule',
    'A rule matches a packet when every match that it names is true. A match on a field that the packet does not have (a port of ICMP, an address of ARP) is false, with or without `!`.',
    ...keys(rule),
    '## A payload match',
    ...keys(property(rule, 'payload')),
    '## A window of time',
    'The clock on the wall of the time zone decides: a window is open while it shows a time from `from` to before `to`.',
    ...keys(withOptions(property(rule, 'when'))),
    '## Actions with options',
    ...keys(action),
    '### Options of `log`',
    ...keys(withOptions(property(action, 'log'))),
    '## Names',
    ...names('protocol', PROTOCOL_NAMES),
    ...names('icmpType', ICMP_TYPE_NAMES),
    ...names('icmpCode', ICMP_CODE_NAMES),
    ...names('dscp', DSCP_NAMES),
    ...names('tcpFlags', Object.keys(TCP_FLAGS)),
  ]
    .join('\n\n')
    .concat('\n');
}

const INTRODUCTION = `A policy is a file in YAML, JSON or TypeScript. In YAML, text that begins with \`@\` or \`!\` stands in quotation
marks: \`from: "@admins"\`, \`protocol: "!tcp"\`. Editors complete a policy whose first line is
\`# yaml-language-server: $schema=…/policy.schema.json\` (the file is in the package).

In TypeScript:

\`\`\`ts
import { definePolicy } from 'sluice';

export default definePolicy({
  version: 1,
  interfaces: ['eth0'],
  ingress: { default: 'drop', rules: [{ name: 'ssh', protocol: 'tcp', port: 22, action: 'allow' }] },
});
\`\`\`

Everywhere that numbers or addresses are matched, there may be one value, a range (\`8000-8100\`), a set (\`"@web"\`), one of these
with \`!\` for "not", or a list of them. A list is true when one of its values is, and none of those with \`!\`; a list of
nothing but \`!\` is true of everything else.`;

function names(key: string, list: readonly string[]): string[] {
  return [`#### Names for \`${key}\``, list.map((name) => `\`${name}\``).join(', ')];
}

function keys({ properties = {}, required = [] }: JsonSchema): string[] {
  return Object.entries(properties)
    .filter(([key]) => key !== '$schema')
    .map(([key, schema]) => section(key, schema, required.includes(key)));
}

function section(key: string, schema: JsonSchema, isRequired: boolean): string {
  const facts = [
    ...(schema.errorMessage ? [`- takes ${schema.errorMessage.replace(/^has to be /, '')}`] : []),
    isRequired ? '- must be there' : `- ${defaultOf(schema)}`,
  ];
  const examples = (schema.examples ?? []).map((example) => exampleOf(key, example));
  return [
    `#### \`${key}\``,
    schema.description ?? '',
    facts.join('\n'),
    ...(examples.length > 0 ? [`\`\`\`yaml\n${examples.join('')}\`\`\``] : []),
  ].join('\n\n');
}

function defaultOf({ default: value }: JsonSchema): string {
  return value === undefined ? 'may be left out' : `default: \`${JSON.stringify(value)}\``.replaceAll('"', '');
}

/** As people write it: on one line where that is short. */
function exampleOf(key: string, example: unknown): string {
  if (JSON.stringify(example).length > 90) return stringify({ [key]: example });
  return `${key}: ${stringify(example, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: false })}`;
}
