import type { Place } from '../diagnostics/problem.ts';
import type { ErrorCode } from '../diagnostics/registry.ts';
import type { Range } from './ranges.ts';
import type { Region } from './region.ts';

/** Rulesets of every front-end, in one form. */
export interface Ruleset {
  /** By `chainKey`. */
  readonly chains: ReadonlyMap<string, readonly ForeignRule[]>;
  readonly bases: readonly BaseChain[];
  readonly sets: ReadonlyMap<string, ForeignSet>;
  /** What was lost outside of rules: chains of other hooks, say. */
  readonly losses: readonly Loss[];
  readonly interfaces: Interfaces;
}

/** A set as the policy is to have it: texts of addresses, ports, or what takes addresses while the policy is in force. */
export type ForeignSet =
  | readonly string[]
  | { readonly ports: readonly (number | string)[] }
  | { readonly dynamic: true; readonly addresses?: readonly string[]; readonly ttl?: string };

/** Names of interfaces as numbers: the policy's, and one number for all others. */
export interface Interfaces {
  readonly names: readonly string[];
  /** Whether somebody said so: otherwise they are what the rules name. */
  readonly given: boolean;
  /** A name, or a pattern that ends with a wildcard. Undefined where a pattern is none of the policy's. */
  ranges(name: string, wildcard: '*' | '+'): Range[] | undefined;
}

/** A chain that the kernel's hook enters. */
export interface BaseChain {
  readonly key: string;
  /** `table inet filter, chain input`. */
  readonly title: string;
  readonly stage: 'prefilter' | 'ingress' | 'egress';
  readonly families: readonly (4 | 6)[];
  readonly priority: number;
  readonly policy: 'accept' | 'drop';
  /** Where only part of the packets come by. */
  readonly region?: Region;
}

export interface ForeignRule {
  /** `table inet filter, chain input, rule 3`. */
  readonly origin: string;
  readonly place?: Place;
  readonly name?: string;
  readonly steps: readonly Step[];
  readonly losses: readonly Loss[];
}

export type Effect =
  | { readonly kind: 'count' }
  | { readonly kind: 'log'; readonly rate?: string; readonly burst?: number; readonly prefix?: string }
  | { readonly kind: 'mark'; readonly mark: number };

export type Outcome =
  | { readonly kind: 'accept' | 'drop' | 'reject' | 'return' }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string };

/** What is done to packets of a region; without an outcome they go on to the next step. */
export interface Step {
  readonly region: Region;
  readonly effect?: Effect;
  readonly outcome?: Outcome;
}

/** Something that the policy does not have, or has in another way. */
export interface Loss {
  readonly code: Extract<ErrorCode, `import/${string}`>;
  /** Without the origin. */
  readonly message: string;
  readonly help?: string;
  readonly origin?: string;
  readonly place?: Place;
}

/** Thrown while a rule is read: the rule is not carried over. */
export class NotCarried extends Error {
  readonly loss: Loss;
  constructor(message: string, options: Partial<Loss> = {}) {
    super(message);
    this.loss = { code: 'import/not-carried', message, ...options };
  }
}

export function interfacesOf(given: readonly string[], named: Iterable<string>): Interfaces {
  const found = [...new Set(named)].filter((name) => name !== 'lo' && !/[*+]$/.test(name));
  const names = given.length > 0 ? given : found.length > 0 ? found : ['eth0'];
  const number = (index: number): Range => [BigInt(index), BigInt(index)];
  return {
    names,
    given: given.length > 0,
    ranges(name, wildcard) {
      if (!name.endsWith(wildcard)) {
        const index = names.indexOf(name);
        return [number(index < 0 ? names.length : index)];
      }
      const matching = names.flatMap((one, index) => (one.startsWith(name.slice(0, -1)) ? [number(index)] : []));
      return matching.length > 0 ? matching : undefined;
    },
  };
}

const CONNECTIONS = `without connection tracking, let the replies of TCP in by a rule like
{ name: replies, protocol: tcp, tcpFlags: [ack], action: allow }, and those of UDP by their source port (fromPort: 53)`;

export const needsConnections = (what: string): Loss => ({
  code: 'import/no-connection-tracking',
  message: `${what}: Sluice does not track connections, and judges the packets of known ones as all others: by its rules and the default`,
  help: CONNECTIONS.replaceAll('\n', ' '),
});
