import { SluiceError } from '../diagnostics/problem.ts';
import type { SourceText } from '../diagnostics/source.ts';
import { isObject, type Json } from './nft-selectors.ts';
import { type NftSets, readNftSets } from './nft-sets.ts';
import { readNftRule } from './nft-statements.ts';
import { EVERYTHING, only } from './region.ts';
import { type BaseChain, type ForeignRule, type Interfaces, interfacesOf, type Loss, type Ruleset } from './ruleset.ts';

const STAGES: Readonly<Record<string, BaseChain['stage']>> = {
  ingress: 'prefilter',
  prerouting: 'prefilter',
  input: 'ingress',
  output: 'egress',
};
const FAMILIES: Readonly<Record<string, readonly (4 | 6)[]>> = { ip: [4], ip6: [6], inet: [4, 6], netdev: [4, 6] };

/** The hook of the device comes before all others, whatever their priorities. */
const BEFORE_PREROUTING = -1_000_000;

/** Reads what `nft -j list ruleset` prints. Throws a SluiceError where it is nothing of the kind. */
export function readNftables(source: SourceText, givenInterfaces: readonly string[]): Ruleset {
  const objects = objectsOf(source);
  const of = (kind: string): Json[] => objects.map((object) => object[kind]).filter(isObject);
  const interfaces = interfacesOf(givenInterfaces, interfaceNames(objects));
  const sets = readNftSets([...of('set'), ...of('map')], tableOf, filledSets(of('rule')));
  const chains = new Map<string, ForeignRule[]>();
  const bases: BaseChain[] = [];
  const losses: Loss[] = foreignObjects(objects);
  const rules = new Map<string, Json[]>();
  for (const rule of of('rule')) listIn(rules, chainKey(rule, rule['chain'])).push(rule);
  for (const chain of of('chain')) {
    const own = rules.get(chainKey(chain, chain['name'])) ?? [];
    const origin = `table ${tableOf(chain)}, chain ${chain['name']}`;
    chains.set(
      chainKey(chain, chain['name']),
      own.map((rule, index) => readRule(rule, `${origin}, rule ${index + 1}`, interfaces, sets)),
    );
    if (chain['hook'] === undefined) continue;
    const base = baseOf(chain, interfaces);
    if (base) bases.push(base);
    else if (own.length > 0 || chain['policy'] === 'drop') losses.push(foreignHook(chain, own.length, origin));
  }
  return { chains, bases, sets: sets.written, losses: [...sets.losses(), ...losses], interfaces };
}

function objectsOf({ path, text }: SourceText): Json[] {
  const help = 'give what `nft -j list ruleset` prints';
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new SluiceError({ code: 'import/unreadable', message: `${path} is not JSON`, help }, { cause });
  }
  const list = isObject(json) ? json['nftables'] : undefined;
  if (Array.isArray(list)) return list.filter(isObject);
  throw new SluiceError({ code: 'import/unreadable', message: `${path} has no list "nftables"`, help });
}

const tableOf = ({ family, table }: Json): string => `${family} ${table}`;
const chainKey = (object: Json, name: unknown): string => `${tableOf(object)} ${name}`;

function listIn<T>(lists: Map<string, T[]>, key: string): T[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

function readRule(rule: Json, origin: string, interfaces: Interfaces, sets: NftSets): ForeignRule {
  const { expr, comment } = rule;
  const read = readNftRule(Array.isArray(expr) ? expr : [], {
    interfaces,
    set: (name) => sets.find(tableOf(rule), name),
    key: (chain) => chainKey(rule, chain),
  });
  return { origin, ...read, ...(typeof comment === 'string' && { name: comment }) };
}

function baseOf(chain: Json, interfaces: Interfaces): BaseChain | undefined {
  const hook = String(chain['hook']);
  const stage = STAGES[hook];
  const families = FAMILIES[String(chain['family'])];
  if (!stage || !families || (chain['type'] !== 'filter' && chain['type'] !== 'route')) return undefined;
  const priority = typeof chain['prio'] === 'number' ? chain['prio'] : 0;
  const devices = typeof chain['dev'] === 'string' ? [chain['dev']] : Array.isArray(chain['dev']) ? chain['dev'] : [];
  return {
    key: chainKey(chain, chain['name']),
    title: `table ${tableOf(chain)}, chain ${chain['name']}`,
    stage,
    families,
    priority: hook === 'ingress' ? priority + BEFORE_PREROUTING : priority,
    policy: chain['policy'] === 'drop' ? 'drop' : 'accept',
    region:
      devices.length === 0 ? EVERYTHING : only('iif', ...devices.flatMap((name) => interfaces.ranges(name, '*') ?? [])),
  };
}

const READ = new Set(['metainfo', 'table', 'chain', 'rule', 'set', 'map', 'element']);

/** Flow tables, quotas, helpers of connections: what is no part of rules. */
function foreignObjects(objects: readonly Json[]): Loss[] {
  return objects.flatMap((object) =>
    Object.entries(object).flatMap(([kind, value]) => {
      if (READ.has(kind) || !isObject(value)) return [];
      const origin = `table ${tableOf(value)}, ${kind} ${value['name']}`;
      return [{ code: 'import/not-carried' as const, message: `Sluice has nothing like a "${kind}"`, origin }];
    }),
  );
}

function foreignHook(chain: Json, rules: number, origin: string): Loss {
  const what = `${rules} ${rules === 1 ? 'rule' : 'rules'}, policy ${chain['policy'] ?? 'accept'}`;
  const message = `${chain['type']} hook ${chain['hook']} of ${chain['family']} is none of Sluice's (${what})`;
  const help =
    'Sluice judges what comes in by an interface, before routing, and what goes out; forwarded packets are both';
  return { code: 'import/not-carried', message, help, origin };
}

/** Sets that a statement adds to or takes from: their flags are not always printed. */
function filledSets(rules: readonly Json[]): ReadonlySet<string> {
  const names = rules.flatMap((rule) =>
    [rule['expr'] ?? []].flat().flatMap((statement) => {
      const change = isObject(statement) ? (statement['set'] ?? statement['map']) : undefined;
      const name = isObject(change) ? (change['set'] ?? change['map']) : undefined;
      return typeof name === 'string' ? [`${tableOf(rule)} ${name.replace(/^@/, '')}`] : [];
    }),
  );
  return new Set(names);
}

/** Every text that stands where the name of an interface is asked for. */
function interfaceNames(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(interfaceNames);
  if (!isObject(value)) return [];
  const { left, right, key, data, dev, hook } = value;
  const own = [
    ...(asksInterface(left) ? texts(right) : []),
    ...(asksInterface(key) && isObject(data) ? [data['set']].flat().flatMap((entry) => texts([entry].flat()[0])) : []),
    ...(hook === 'ingress' ? texts(dev) : []),
    ...(value['type'] === 'ifname' ? texts(value['elem']) : []),
  ];
  return [...own, ...Object.values(value).flatMap(interfaceNames)];
}

function asksInterface(value: unknown): boolean {
  const key = isObject(value) && isObject(value['meta']) ? String(value['meta']['key']) : '';
  return ['iif', 'iifname', 'oif', 'oifname'].includes(key);
}

function texts(value: unknown): string[] {
  if (typeof value === 'string') return value.startsWith('@') ? [] : [value];
  if (Array.isArray(value)) return value.flatMap(texts);
  return isObject(value) ? texts(value['set'] ?? value['val'] ?? value['elem']) : [];
}
