import { addressRange, portNumber } from './field-text.ts';
import { elementRanges, type NamedSet } from './nft-match.ts';
import { isObject, type Json } from './nft-selectors.ts';
import { normalise } from './ranges.ts';
import { type Loss, NotCarried } from './ruleset.ts';
import { addressWords, numberWords } from './write-rule.ts';

export interface NftSets {
  find(table: string, name: string): NamedSet | undefined;
  /** As policies have them. */
  readonly written: Map<string, readonly string[] | { readonly ports: readonly (number | string)[] }>;
  readonly losses: readonly Loss[];
}

/**
 * @param tableOf names the table of a set
 * @param filled sets that rules change while packets pass, as `TABLE NAME`
 */
export function readNftSets(
  sets: readonly Json[],
  tableOf: (object: Json) => string,
  filled: ReadonlySet<string>,
): NftSets {
  const found = new Map<string, NamedSet>();
  const written: NftSets['written'] = new Map();
  const losses: Loss[] = [];
  for (const set of sets) {
    const { name, type, elem = [], flags = [] } = set;
    const key = `${tableOf(set)} ${name}`;
    const origin = `table ${tableOf(set)}, set ${name}`;
    if (filled.has(key) || [flags].flat().includes('dynamic')) {
      losses.push({ code: 'import/not-carried', message: 'rules fill it while packets pass', origin });
      continue;
    }
    const elements = Array.isArray(elem) ? elem : [elem];
    if (elements.some((one) => isObject(one) && isObject(one['elem']) && 'timeout' in one['elem'])) {
      losses.push({ code: 'import/approximate', message: 'its elements have timeouts: here they stay', origin });
    }
    const policyName = 'map' in set ? undefined : write(nameFor(String(name), written), type, elements);
    found.set(key, { elements, ...(policyName !== undefined && { policyName }) });
  }
  return { find: (table, name) => found.get(`${table} ${name}`), written, losses };

  function write(name: string, type: unknown, elements: readonly unknown[]): string | undefined {
    try {
      if (type === 'ipv4_addr' || type === 'ipv6_addr') {
        const ranges = elements.flatMap((one) => elementRanges({ read: (text) => [addressRange(text)] }, one));
        written.set(name, normalise(ranges).flatMap(addressWords));
        return name;
      }
      if (type === 'inet_service') {
        const port = (text: string) => BigInt(portNumber(text));
        const ranges = elements.flatMap((one) => elementRanges({ read: (text) => [[port(text), port(text)]] }, one));
        written.set(name, { ports: normalise(ranges).flatMap(numberWords) });
        return name;
      }
    } catch (error) {
      // The rules that refer to it say that it cannot be read.
      if (!(error instanceof NotCarried)) throw error;
    }
    return undefined;
  }
}

function nameFor(name: string, taken: ReadonlyMap<string, unknown>): string {
  const plain = name.replace(/[^A-Za-z0-9_-]/g, '-').replace(/^(?![A-Za-z])/, 'set-');
  let free = plain;
  for (let number = 2; taken.has(free); number++) free = `${plain}-${number}`;
  return free;
}
