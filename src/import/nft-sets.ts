import { addressRange, portNumber } from './field-text.ts';
import { elementRanges, type NamedSet } from './nft-match.ts';
import { isObject, type Json } from './nft-selectors.ts';
import { normalise } from './ranges.ts';
import { FAMILY_RANGE } from './region.ts';
import { type ForeignSet, type Loss, NotCarried } from './ruleset.ts';
import { addressWords, numberWords } from './write-rule.ts';

export interface NftSets {
  find(table: string, name: string): NamedSet | undefined;
  /** As policies have them. */
  readonly written: Map<string, ForeignSet>;
  /** Ask when all rules are read: a set that is in no rule and not in the policy is lost, too. */
  losses(): readonly Loss[];
}

const FAMILY_OF: Readonly<Record<string, 4 | 6>> = { ipv4_addr: 4, ipv6_addr: 6 };

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
  const unused = new Map<string, Loss>();
  for (const set of sets) {
    const { name, type, elem = [], flags = [] } = set;
    const key = `${tableOf(set)} ${name}`;
    const origin = `table ${tableOf(set)}, ${'map' in set ? 'map' : 'set'} ${name}`;
    const elements = Array.isArray(elem) ? elem : [elem];
    const family = 'map' in set ? undefined : FAMILY_OF[String(type)];
    const isFilled = filled.has(key) || [flags].flat().includes('dynamic');
    if (family && (isFilled || elements.length === 0)) {
      found.set(key, writeDynamic(set, elements, family, isFilled, origin));
      continue;
    }
    if (isFilled) {
      losses.push({ code: 'import/not-carried', message: `rules fill it while packets pass, ${NO_SUCH_SET}`, origin });
      continue;
    }
    if (elements.some(hasTimeout)) {
      losses.push({ code: 'import/approximate', message: 'its elements have timeouts: here they stay', origin });
    }
    const policyName = 'map' in set ? undefined : write(nameFor(String(name), written), type, elements);
    found.set(key, { elements, ...(policyName !== undefined && { policyName }) });
    if (policyName === undefined)
      unused.set(key, { code: 'import/not-carried', message: 'no rule that is carried over asks for it', origin });
  }
  return {
    find(table, name) {
      unused.delete(`${table} ${name}`);
      return found.get(`${table} ${name}`);
    },
    written,
    losses: () => [...losses, ...unused.values()],
  };

  /** What has no timeout stays a member; what has one would be gone by the time that the policy is in force. */
  function writeDynamic(
    set: Json,
    elements: readonly unknown[],
    family: 4 | 6,
    isFilled: boolean,
    origin: string,
  ): NamedSet {
    const staying = elements.filter((one) => !hasTimeout(one));
    const policyName = nameFor(String(set['name']), written);
    const addresses = write(policyName, set['type'], staying) ? written.get(policyName) : undefined;
    const { timeout } = set;
    written.set(policyName, {
      dynamic: true,
      ...(Array.isArray(addresses) && addresses.length > 0 && { addresses }),
      ...(typeof timeout === 'number' && timeout > 0 && { ttl: `${timeout}s` }),
    });
    const who = isFilled ? 'rules of the ruleset fill it while packets pass' : 'it is empty now';
    const left = elements.length - staying.length;
    const gone = left === 0 ? '' : `; its ${left} members with a timeout are left out`;
    losses.push({
      code: 'import/approximate',
      message: `${who}: here it takes members by \`sluice sets add\` alone${gone}`,
      help: 'Let what finds the addresses, a program that reads logs for example, call `sluice sets add SET ADDRESS --ttl TIME`.',
      origin,
    });
    return { elements: [], policyName, open: FAMILY_RANGE[family] };
  }

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

const NO_SUCH_SET = 'and Sluice has such sets of addresses only';

const hasTimeout = (element: unknown): boolean =>
  isObject(element) && isObject(element['elem']) && ('timeout' in element['elem'] || 'expires' in element['elem']);

function nameFor(name: string, taken: ReadonlyMap<string, unknown>): string {
  const plain = name.replace(/[^A-Za-z0-9_-]/g, '-').replace(/^(?![A-Za-z])/, 'set-');
  let free = plain;
  for (let number = 2; taken.has(free); number++) free = `${plain}-${number}`;
  return free;
}
