import { SluiceError } from '../diagnostics/problem.ts';
import type { SourceText } from '../diagnostics/source.ts';
import { readIptablesRule } from './iptables-rule.ts';
import { type Option, optionsOf, wordsOf } from './iptables-words.ts';
import { type BaseChain, type ForeignRule, interfacesOf, type Loss, NotCarried, type Ruleset } from './ruleset.ts';

/** As `linux/netfilter_ipv4.h` orders the tables. */
const PRIORITIES: Readonly<Record<string, number>> = { raw: -300, mangle: -150, filter: 0, security: 50 };
const STAGES: Readonly<Record<string, BaseChain['stage']>> = {
  PREROUTING: 'prefilter',
  INPUT: 'ingress',
  OUTPUT: 'egress',
};

interface Table {
  readonly family: 4 | 6;
  readonly name: string;
  /** Policies by chain: `-` of a user's chain. */
  readonly chains: Map<string, string>;
  /** By their chains. */
  readonly rules: Map<string, TableRule[]>;
  readonly losses: Loss[];
}

interface TableRule {
  readonly line: number;
  readonly words: readonly string[];
}

export interface IptablesOptions {
  /** Chains of users that stand for those of hooks: ufw's files do not have the others. */
  readonly entrances?: Readonly<Record<string, BaseChain['stage']>>;
}

/** Reads what iptables-save and ip6tables-save print, one of them or both. Throws a SluiceError where it is not that. */
export function readIptables(
  source: SourceText,
  givenInterfaces: readonly string[],
  { entrances = {} }: IptablesOptions = {},
): Ruleset {
  const tables = tablesOf(source);
  const named = tables.flatMap(({ rules }) => [...rules.values()].flat().flatMap(({ words }) => interfaceNames(words)));
  const interfaces = interfacesOf(givenInterfaces, named);
  const chains = new Map<string, ForeignRule[]>();
  const bases: BaseChain[] = [];
  const losses: Loss[] = [];
  for (const table of tables) {
    const key = (chain: string): string => `${table.family} ${table.name} ${chain}`;
    losses.push(...table.losses, ...withoutChain(table, source));
    for (const [name, policy] of table.chains) {
      const origin = `${table.family === 4 ? '' : 'ip6tables, '}table ${table.name}, chain ${name}`;
      const own = table.rules.get(name) ?? [];
      const scope = {
        family: table.family,
        interfaces,
        chain: (target: string) => (table.chains.get(target) === '-' ? key(target) : undefined),
      };
      const rules = own.map(({ words, line }, index): ForeignRule => {
        const place = { source, line, column: 1, length: 0 };
        return { origin: `${origin}, rule ${index + 1}`, place, ...readRule(words, scope) };
      });
      chains.set(key(name), rules);
      const stage = entrances[name] ?? (policy === '-' || table.name === 'nat' ? undefined : STAGES[name]);
      const empty = rules.length === 0 && policy !== 'DROP';
      if (stage && (!empty || table.name === 'filter')) {
        const priority = PRIORITIES[table.name] ?? 0;
        bases.push({
          key: key(name),
          title: origin,
          stage,
          families: [table.family],
          priority,
          policy: policyOf(name, policy, entrances),
        });
      } else if (!stage && policy !== '-' && !empty)
        losses.push(foreignHook(table.name, name, rules.length, policy, origin));
    }
  }
  return { chains, bases, sets: new Map(), losses, interfaces };
}

/** Rules of chains that the text does not declare. */
function withoutChain({ name, family, chains, rules }: Table, source: SourceText): Loss[] {
  return [...rules].flatMap(([chain, own]) => {
    if (chains.has(chain)) return [];
    const origin = `${family === 4 ? '' : 'ip6tables, '}table ${name}, chain ${chain}`;
    return own.map(({ line }, index): Loss => {
      const place = { source, line, column: 1, length: 0 };
      const message = 'its chain is not declared in the text, so that nothing is known of it';
      return { code: 'import/not-carried', message, origin: `${origin}, rule ${index + 1}`, place };
    });
  });
}

/** Of ufw: what its defaults are, where nobody has changed them. */
function policyOf(name: string, policy: string, entrances: IptablesOptions['entrances']): BaseChain['policy'] {
  if (entrances?.[name]) return entrances[name] === 'ingress' ? 'drop' : 'accept';
  return policy === 'DROP' ? 'drop' : 'accept';
}

function foreignHook(table: string, chain: string, rules: number, policy: string, origin: string): Loss {
  const what = `${rules} ${rules === 1 ? 'rule' : 'rules'}, policy ${policy}`;
  const message = `table ${table} in ${chain} is nothing that Sluice does (${what})`;
  const help =
    'Sluice judges what comes in by an interface, before routing, and what goes out; forwarded packets are both';
  return { code: 'import/not-carried', message, help, origin };
}

function readRule(
  words: readonly string[],
  scope: Parameters<typeof readIptablesRule>[1],
): Omit<ForeignRule, 'origin'> {
  let options: Option[];
  try {
    options = optionsOf(words);
  } catch (error) {
    if (error instanceof NotCarried) return { steps: [], losses: [error.loss] };
    throw error;
  }
  return readIptablesRule(options, scope);
}

function tablesOf(source: SourceText): Table[] {
  const lines = source.text.split('\n');
  const tables: Table[] = [];
  let family: 4 | 6 | undefined;
  for (const [index, raw] of lines.entries()) {
    const line = raw.trim();
    const [, six] = /^# Generated by ip(6?)tables/.exec(line) ?? [];
    if (six !== undefined) family = six === '6' ? 6 : 4;
    if (line.startsWith('*')) {
      const rest = lines.slice(
        index,
        lines.findIndex((one, at) => at > index && one.trim() === 'COMMIT'),
      );
      tables.push({
        family: family ?? guessFamily(rest),
        name: line.slice(1).trim(),
        chains: new Map(),
        rules: new Map(),
        losses: [],
      });
    }
    if (line === 'COMMIT') family = undefined;
    if (line === '' || line === 'COMMIT' || /^[#*]/.test(line)) continue;
    const table = tables.at(-1);
    if (line.startsWith(':')) {
      const [name = '', policy = '-'] = line.slice(1).split(/\s+/);
      table?.chains.set(name, policy);
      continue;
    }
    const [, rule] = /^(?:\[\d+:\d+\]\s*)?-A\s+(.*)$/.exec(line) ?? [];
    if (rule === undefined) {
      const place = { source, line: index + 1, column: 1, length: 0 };
      const message = `line ${index + 1} is none that iptables-save writes`;
      table?.losses.push({ code: 'import/not-carried', message, place });
      continue;
    }
    const [chain = '', ...words] = wordsOf(rule);
    const own = table?.rules.get(chain) ?? [];
    own.push({ line: index + 1, words });
    table?.rules.set(chain, own);
  }
  if (tables.length > 0) return tables;
  const help = 'give what `iptables-save` prints: `*filter`, chains, rules, `COMMIT`';
  throw new SluiceError({ code: 'import/unreadable', message: `${source.path} has no table like "*filter"`, help });
}

/** Of files that say not which program wrote them. */
function guessFamily(lines: readonly string[]): 4 | 6 {
  const words = lines.filter((line) => line.startsWith('-A')).join(' ');
  return /icmp6|ipv6-icmp|--hl-| -[sd] [0-9a-f]*:|:ufw6/.test(`${words} ${lines.join(' ')}`) ? 6 : 4;
}

function interfaceNames(words: readonly string[]): string[] {
  return words.filter((_, index) => ['-i', '-o'].includes(words[index - 1] ?? ''));
}
