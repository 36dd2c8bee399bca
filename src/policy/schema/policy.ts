import * as z from 'zod/mini';
import { TERMINAL_ACTIONS } from '../check/actions.ts';
import { connections } from './connections.ts';
import { optional, required } from './grammar.ts';
import { rule } from './rule.ts';
import { set } from './set.ts';

z.globalRegistry.add(rule, { id: 'rule' });
z.globalRegistry.add(set, { id: 'set' });

const rules = () => z.array(rule, { error: 'a list of rules' });

const stage = () =>
  z.strictObject(
    {
      default: optional(
        z.enum(TERMINAL_ACTIONS, { error: 'allow, drop or reject' }),
        'What becomes of a packet that no rule decides. ARP and IPv6 neighbour discovery pass all the same.',
        { default: 'allow', examples: ['drop'] },
      ),
      rules: optional(rules(), 'The first rule that matches and ends the stage decides.', { default: [] }),
    },
    { error: 'a mapping with "default" and "rules"' },
  );

export const policySchema = required(
  z.strictObject(
    {
      $schema: optional(z.string({ error: 'the address of a JSON Schema' }), 'For editors of JSON.'),
      version: required(z.literal(1, { error: '1, the version of the language' }), 'The version of the language.', {
        examples: [1],
      }),
      interfaces: required(
        z.array(z.string({ error: 'the name of an interface, or a glob' }), {
          error: 'a list of interfaces like [eth0]',
        }),
        'The network interfaces that the policy is for: names, and globs (`*`, `?`, `[0-9]`, `[!0-9]`) that stand for every interface that they match, whenever it appears.',
        { minItems: 1, examples: [['eth0'], ['eth*', 'wg[0-9]']] },
      ),
      chained: optional(
        z.array(z.string({ error: 'the name of an interface, or a glob' }), {
          error: 'a list of interfaces like [eth0]',
        }),
        'Those of the interfaces whose XDP hook is left to another program: it sees a packet first, and what it passes on is judged behind it, at TC ingress. Names and globs; asked for lastingly, whether that program is there or not.',
        { default: [], examples: [['eth1']] },
      ),
      sets: optional(
        z.record(z.string(), set, { error: 'a mapping of names to sets' }),
        'Sets by name, which rules refer to as `"@name"`: a list of addresses, prefixes and ranges of both families (and of other sets), a file of them, or ports.',
        {
          examples: [
            {
              admins: ['203.0.113.0/24', '2001:db8:ad::/48'],
              blocked: { file: 'blocked.txt' },
              web: { ports: [80, 443, '8000-8100'] },
            },
          ],
        },
      ),
      connections: optional(
        connections,
        'Track connections: rules of `ingress` and `egress` are asked about the first packet of each, and what answers it passes by itself. `{}` tracks them in the usual way; left out, rules are asked about every packet.',
        { examples: [{ size: 131_072 }] },
      ),
      prefilter: optional(
        rules(),
        'Rules that see every incoming packet first: block lists, bogons, floods. A packet that none of them decides goes on to `ingress`.',
        { default: [], examples: [[{ name: 'blocklist', from: '@blocked', action: 'drop' }]] },
      ),
      ingress: optional(stage(), 'Packets that come in.', {
        examples: [{ default: 'drop', rules: [{ name: 'ssh', protocol: 'tcp', port: 22, action: 'allow' }] }],
      }),
      egress: optional(stage(), 'Packets that go out.', { examples: [{ default: 'allow' }] }),
      malformed: optional(
        z.enum(['drop', 'allow'], { error: 'drop or allow' }),
        'What becomes of truncated and malformed packets.',
        { default: 'drop', examples: ['drop'] },
      ),
    },
    { error: 'a policy: a mapping with "version", "interfaces", "ingress" and more' },
  ),
  'What may pass the network interfaces of a host.',
  { title: 'Sluice policy' },
);

/** What is written is only read: constants and lists `as const` do as well. */
type Written<T> = { readonly [Key in keyof T]: Written<T[Key]> };

/** A policy as it is written, in YAML, JSON or TypeScript. */
export type Policy = Written<z.input<typeof policySchema>>;
/** One rule of a policy. */
export type Rule = Written<z.input<typeof rule>>;
/** A named set of addresses or ports. */
export type PolicySet = Written<z.input<typeof set>>;
