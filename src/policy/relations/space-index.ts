import type { CheckedMatch, CheckedRule } from '../checked.ts';
import type { Prefix } from '../classifier/rule-boxes.ts';
import type { Space } from './box-space.ts';

export interface Indexed {
  readonly rule: CheckedRule;
  readonly space: Space;
  /** What the rule asks besides. */
  readonly rest: CheckedMatch;
}

export interface SpaceIndex {
  add(one: Indexed): void;
  /**
   * All, or those whose addresses hold all those of the space, and whose destination port, where they have but one, is in
   * the space: of a space with more than a few ports, those with one port are left out. Others may be among them.
   */
  near(space: Space): Iterable<Indexed>;
}

/** @param isSmall few are simply gone through; many are found by what they have under a pair of masks */
export function createSpaceIndex(isSmall: boolean): SpaceIndex {
  return isSmall ? listOfAll() : byMasks();
}

function listOfAll(): SpaceIndex {
  const all: Indexed[] = [];
  return { add: (one) => all.push(one), near: () => all };
}

interface Group {
  readonly src: readonly number[];
  readonly dst: readonly number[];
  readonly onePort: boolean;
  /** By a hash: what has another address is found, too, at times. */
  readonly found: Map<number, Indexed[]>;
}

/** Ports that are looked for one by one. */
const FEW_PORTS = 8;

function byMasks(): SpaceIndex {
  const groups = new Map<string, Group>();

  function groupOf({ src, dst, dstPort }: Space): Group {
    const onePort = dstPort[0] === dstPort[1];
    const key = `${src.masks}/${dst.masks}/${onePort}`;
    let group = groups.get(key);
    if (group === undefined) {
      group = { src: src.masks, dst: dst.masks, onePort, found: new Map() };
      groups.set(key, group);
    }
    return group;
  }

  return {
    add(one) {
      const { src, dst, dstPort } = one.space;
      const group = groupOf(one.space);
      const key = mix(hash(dst, group.dst, hash(src, group.src, 0)), group.onePort ? dstPort[0] : 0);
      const list = group.found.get(key);
      if (list) list.push(one);
      else group.found.set(key, [one]);
    },
    *near({ src, dst, dstPort: [lo, hi] }) {
      for (const group of groups.values()) {
        if (!holds(group.src, src.masks) || !holds(group.dst, dst.masks)) continue;
        const addresses = hash(dst, group.dst, hash(src, group.src, 0));
        if (!group.onePort) yield* group.found.get(mix(addresses, 0)) ?? [];
        else if (hi - lo < FEW_PORTS)
          for (let port = lo; port <= hi; port++) yield* group.found.get(mix(addresses, port)) ?? [];
      }
    },
  };
}

function holds(outer: readonly number[], inner: readonly number[]): boolean {
  for (let w = 0; w < outer.length; w++) if (((outer[w] as number) & ~(inner[w] as number)) !== 0) return false;
  return true;
}

function hash({ words }: Prefix, masks: readonly number[], start: number): number {
  let mixed = start;
  for (let w = 0; w < words.length; w++) mixed = mix(mixed, (words[w] as number) & (masks[w] as number));
  return mixed;
}

/** As MurmurHash3 mixes a word in. */
function mix(before: number, word: number): number {
  const scrambled = Math.imul(word, 0xcc9e2d51);
  const mixed = before ^ Math.imul((scrambled << 15) | (scrambled >>> 17), 0x1b873593);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}
