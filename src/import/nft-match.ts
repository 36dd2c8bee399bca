import { isFlag, isObject, type Json, type Selector, selectorOf, short, TCP } from './nft-selectors.ts';
import { normalise, type Range } from './ranges.ts';
import { and, DOMAINS, type Field, FLAGS, not, only, type Region } from './region.ts';
import { type Interfaces, NotCarried } from './ruleset.ts';
import { notValue, rangesOf, type Value, values } from './value.ts';

/** What the matches of a table can refer to. */
export interface TableScope {
  readonly interfaces: Interfaces;
  /** A named set or map. */
  set(name: string): NamedSet | undefined;
}

export interface NamedSet {
  readonly elements: readonly unknown[];
  /** What the policy calls it, where it has it. */
  readonly policyName?: string;
  /** Of a set that takes members later: what they may be. */
  readonly open?: Range;
}

/** Packets of which a match is true. */
export function matchRegion(match: Json, scope: TableScope): Region {
  const { left, right, op = '==' } = match;
  if (isObject(left) && '&' in left) return maskedRegion(left['&'], String(op), right);
  if (isObject(left) && isObject(left['payload']) && left['payload']['field'] === 'flags') {
    if (left['payload']['protocol'] === 'tcp') return flagsRegion(255, flagBits(right), String(op));
  }
  if (isObject(left) && 'concat' in left) {
    if (op === '!=') throw new NotCarried('a concatenation that must not match is nothing that one rule says');
    const { elements } = elementsOf(right, scope);
    if (elements.length === 0) throw emptySet();
    return elements.flatMap((element) => elementRegion(left, element, scope));
  }
  const selector = selectorOf(left, scope.interfaces);
  const value = namedValue(selector, right, scope);
  return and(selector.context, [{ [selector.field]: compared(selector.field, String(op), value) }]);
}

/** Packets that have one value: an element of a set, a key of a map. */
export function elementRegion(left: unknown, element: unknown, scope: TableScope): Region {
  const value = isObject(element) && isObject(element['elem']) ? element['elem']['val'] : element;
  if (isObject(left) && Array.isArray(left['concat'])) {
    const parts = isObject(value) && Array.isArray(value['concat']) ? value['concat'] : [];
    if (parts.length !== left['concat'].length) throw new NotCarried(`the element is not known: ${short(value)}`);
    return and(...left['concat'].map((part, index) => elementRegion(part, parts[index], scope)));
  }
  return matchRegion({ op: '==', left, right: value }, scope);
}

/** The elements of an anonymous set, or of one by name. */
export function elementsOf(right: unknown, scope: TableScope): NamedSet {
  if (isObject(right) && Array.isArray(right['set'])) return { elements: right['set'] };
  if (typeof right !== 'string' || !right.startsWith('@')) return { elements: [right] };
  const set = scope.set(right.slice(1));
  if (!set) throw new NotCarried(`set ${right} is filled while packets pass, or is not there`);
  return set;
}

function namedValue(selector: Selector, right: unknown, scope: TableScope): Value {
  const { elements, policyName, open } = elementsOf(right, scope);
  if (open && policyName !== undefined) return { any: [{ ranges: [open], set: policyName, open: true }], none: [] };
  const ranges = rangesOnce(selector, elements);
  if (elements.length === 0) throw emptySet();
  return { any: [{ ranges, ...(policyName !== undefined && { set: policyName }) }], none: [] };
}

const emptySet = (): NotCarried =>
  new NotCarried('its set is empty now, so that it would be a rule that never matches', {
    help: 'where something fills the set later, write the rule with a set of addresses that is `dynamic: true`',
  });

/** Block lists have many thousands of elements, and many rules that refer to them. */
const readSets = new WeakMap<readonly unknown[], Map<Field, readonly Range[]>>();

function rangesOnce(selector: Selector, elements: readonly unknown[]): readonly Range[] {
  const known = readSets.get(elements) ?? new Map<Field, readonly Range[]>();
  readSets.set(elements, known);
  const ranges = known.get(selector.field) ?? normalise(elements.flatMap((one) => elementRanges(selector, one)));
  known.set(selector.field, ranges);
  return ranges;
}

/** `80`, `"ssh"`, `{ prefix }`, `{ range }`, or one of them with a timeout or comment. */
export function elementRanges(selector: Pick<Selector, 'read'>, element: unknown): Range[] {
  if (typeof element === 'string' || typeof element === 'number') return selector.read(String(element));
  if (isObject(element) && isObject(element['elem'])) return elementRanges(selector, element['elem']['val']);
  if (isObject(element) && isObject(element['prefix'])) {
    return selector.read(`${element['prefix']['addr']}/${element['prefix']['len']}`);
  }
  if (isObject(element) && Array.isArray(element['range'])) {
    const [lo, hi] = element['range'].map((bound) => elementRanges(selector, bound)[0]);
    if (lo && hi) return [[lo[0], hi[1]]];
  }
  if (Array.isArray(element)) return element.flatMap((one) => elementRanges(selector, one));
  throw new NotCarried(`the value is not known: ${short(element)}`);
}

function compared(field: Field, op: string, value: Value): Value {
  const [first, last] = DOMAINS[field];
  const [bound] = rangesOf(value, DOMAINS[field])[0] ?? [0n];
  switch (op) {
    case '==':
    case 'in':
      return value;
    case '!=':
      return notValue(value, DOMAINS[field]);
    case '<':
      return values([first, bound - 1n]);
    case '<=':
      return values([first, bound]);
    case '>':
      return values([bound + 1n, last]);
    case '>=':
      return values([bound, last]);
    default:
      throw new NotCarried(`the comparison "${op}" is not known`);
  }
}

/** `tcp flags & (syn|ack) == syn`, `ip frag-off & 0x1fff != 0`. */
function maskedRegion(both: unknown, op: string, right: unknown): Region {
  const [left, mask] = Array.isArray(both) ? both : [];
  const payload = isObject(left) && isObject(left['payload']) ? left['payload'] : {};
  const name = `${payload['protocol']} ${payload['field']}`;
  if (name === 'tcp flags') return flagsRegion(flagBits(mask), flagBits(right), op);
  if (name === 'ip frag-off' && right === 0 && (mask === 0x1fff || mask === 0x3fff)) {
    const is = and(only('from', [0n, 2n ** 32n - 1n]), only('fragment', [mask === 0x1fff ? 2n : 1n, 2n]));
    if (op === '!=') return is;
    if (op === '==')
      return and(only('from', [0n, 2n ** 32n - 1n]), not(only('fragment', [mask === 0x1fff ? 2n : 1n, 2n])));
  }
  throw new NotCarried(`Sluice does not match bits of ${name}`);
}

/** One number of flags by name, alone, as a list, or or-ed. */
function flagBits(flags: unknown): number {
  if (typeof flags === 'number') return flags;
  if (typeof flags === 'string' && isFlag(flags)) return 1 << FLAGS.indexOf(flags);
  const several = isObject(flags) ? (flags['|'] ?? flags['set']) : flags;
  if (Array.isArray(several)) return several.reduce<number>((bits, one) => bits | flagBits(one), 0);
  throw new NotCarried(`the TCP flags are not known: ${short(flags)}`);
}

/** `in` is one of the bits at least; the others compare all that the mask leaves. */
export function flagsRegion(mask: number, wanted: number, op: string): Region {
  const flag = (bit: number, on: boolean): Region => only(FLAGS[bit] as Field, on ? [1n, 1n] : [0n, 0n]);
  const bits = FLAGS.map((_, bit) => bit);
  const chosen = bits.filter((bit) => mask & (1 << bit));
  if (wanted & ~mask) return op === '!=' ? TCP : [];
  const equal = and(TCP, ...chosen.map((bit) => flag(bit, (wanted & (1 << bit)) !== 0)));
  const none = and(TCP, ...bits.filter((bit) => wanted & (1 << bit)).map((bit) => flag(bit, false)));
  // Later fragments have no flags: `not` speaks of them, and no rule about flags does.
  const others = (region: Region): Region => and(TCP, not(region)).filter((match) => FLAGS.some((name) => match[name]));
  if (op === '==') return equal;
  if (op === '!=') return others(equal);
  if (op === 'in') return wanted === 0 ? [] : others(none);
  throw new NotCarried(`the comparison "${op}" of TCP flags is not known`);
}
