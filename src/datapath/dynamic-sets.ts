import { relative } from 'node:path';
import { SluiceError } from '../diagnostics/problem.ts';
import { didYouMean } from '../diagnostics/suggest.ts';
import type { MemberCounter, Prefix } from '../kernel/index.ts';
import type { AddressSet, CheckedPolicy } from '../policy/checked.ts';
import { columnsOfRanges } from '../prefix-set/columns.ts';
import type { Generation } from './generation.ts';
import { judgeAnew } from './judged-anew.ts';
import { type FamilyPrefix, memberText, prefixesOf, readMembers } from './member-text.ts';
import { explainFull, type RecordSet } from './record-sets.ts';
import { type Family, momentIn, type RuntimeMember, type RuntimeMembers, untilMs } from './runtime-members.ts';

/** What is to be added to a dynamic set. */
export interface NewMember {
  /** An address, a prefix, or a range, which becomes the prefixes that it consists of. */
  readonly prefix: string;
  /** Until it is no longer found. Left out: that of the set; where that has none, it stays until it is removed. */
  readonly ttlMs?: number;
}

/** A member of a set in force. */
export interface MemberListing {
  readonly prefix: string;
  /** Until it is no longer found; left out where it stays. */
  readonly ttlMs?: number;
  readonly counter?: MemberCounter;
  /** It was added at run time, whether or not the policy lists it as well. */
  readonly added: boolean;
}

/** Where dynamic sets are: in the generations that judge, or may yet, and in what outlives them. */
export interface DynamicSets {
  readonly sets: CheckedPolicy['sets'];
  /** They may share their maps. */
  readonly generations: readonly Generation[];
  readonly runtime: RuntimeMembers;
}

const LONGEST_MS = 365 * 86_400_000;

/**
 * Adds all of them, or none. What is a member already gets the new time, unless the policy lists it for longer.
 * @returns how many had not been added before
 * @throws SluiceError datapath/set-not-dynamic, datapath/set-not-used, policy/unknown-set, policy/set-too-large,
 *   policy/bad-address, policy/host-bits, policy/bad-duration
 */
export function addMembers(context: DynamicSets, name: string, members: readonly NewMember[]): number {
  const set = dynamicSet(context, name);
  const targets = targetsOf(context, name);
  if (targets.v4.length + targets.v6.length === 0) throw notUsed(set);
  for (const { ttlMs } of members) if (ttlMs !== undefined) requireDuration(ttlMs);
  const read = readMembers(members.map(({ prefix }) => prefix));
  const added = read.flatMap((prefixes, i): RuntimeMember[] => {
    const endsAtMs = momentIn(members[i]?.ttlMs ?? set.records?.ttlMs);
    return prefixes.map(({ family, prefix }) => ({ family, prefix, endsAtMs }));
  });
  const undo: (() => void)[] = [];
  try {
    for (const member of added) for (const target of targets[member.family]) undo.push(put(target, member, context));
  } catch (error) {
    for (const one of undo.reverse()) one();
    throw error;
  }
  const isNew = ({ family, prefix }: RuntimeMember): boolean => !context.runtime.find(name, family, prefix);
  const count = new Set(
    added.filter(isNew).map(({ family, prefix }) => `${family} ${prefix.address}/${prefix.length}`),
  );
  const areMembers = added.every(({ family, prefix }) => {
    return (context.runtime.find(name, family, prefix)?.endsAtMs ?? 0) > performance.now();
  });
  context.runtime.apply({ set: name, added });
  if (!areMembers) judgeAnew(context.generations, new Set([name]));
  return count.size;
}

/**
 * Takes out what was added at run time: all of them, or none. What the policy lists as well stays for as long as it does.
 * @throws SluiceError datapath/not-a-member, datapath/set-not-dynamic, policy/unknown-set, policy/bad-address,
 *   policy/host-bits
 */
export function removeMembers(context: DynamicSets, name: string, prefixes: readonly string[]): number {
  const set = dynamicSet(context, name);
  const targets = targetsOf(context, name);
  const removed = new Map<string, RuntimeMember>();
  const missing: FamilyPrefix[] = [];
  for (const one of readMembers(prefixes).flat()) {
    const member = context.runtime.find(name, one.family, one.prefix);
    if (member) removed.set(`${one.family} ${one.prefix.address}/${one.prefix.length}`, member);
    else missing.push(one);
  }
  if (missing.length > 0) throw notMembers(set, missing, targets);
  for (const { family, prefix } of removed.values()) {
    for (const { set: map, listed } of targets[family]) {
      const listedUntil = listed.get(prefix) ?? 0;
      listed.delete(prefix);
      if (listedUntil > performance.now()) map.add(prefix, untilMs(listedUntil));
      else takeOut(map, prefix);
    }
  }
  context.runtime.apply({ set: name, removed: [...removed.values()] });
  if (removed.size > 0) judgeAnew(context.generations, new Set([name]));
  return removed.size;
}

/**
 * What a set holds now; of a set that keeps nothing of its members, what the policy says, merged.
 * @throws SluiceError policy/unknown-set
 */
export function listMembers(context: DynamicSets, name: string): MemberListing[] {
  const set = knownSet(context, name);
  const targets = targetsOf(context, name);
  if (!set.records) {
    const members = { v4: columnsOfRanges(set.ranges, 32), v6: columnsOfRanges(set.ranges, 128) };
    return prefixesOf(members).map((one) => ({ prefix: memberText(one), added: false }));
  }
  return (['v4', 'v6'] as const).flatMap((family) => {
    const entries = targets[family][0]?.set.entries() ?? [];
    return [...entries].flatMap(({ address, length, ttlMs, counter }): MemberListing[] => {
      // Its time is over, and it has not been taken out yet.
      if (ttlMs === 0) return [];
      const prefix = { address, length };
      const kept = { ...(ttlMs !== undefined && { ttlMs }), ...(counter && { counter }) };
      const added = context.runtime.find(name, family, prefix) !== undefined;
      return [{ prefix: memberText({ family, prefix }), ...kept, added }];
    });
  });
}

type Targets = Readonly<Record<Family, readonly RecordSet[]>>;

/** The maps of the set, each once. A family that no rule asks for has none. */
function targetsOf({ generations }: DynamicSets, name: string): Targets {
  const maps = new Map<unknown, RecordSet>();
  for (const { maps: own } of generations) {
    for (const one of own.recordSets.values()) if (one.trie.set?.name === name) maps.set(one.set, one);
  }
  const of = (family: Family): RecordSet[] => [...maps.values()].filter(({ trie }) => trie.family === family);
  return { v4: of('v4'), v6: of('v6') };
}

/** How to make it undone. */
function put({ trie, set, listed }: RecordSet, member: RuntimeMember, { runtime }: DynamicSets): () => void {
  const { family, prefix, endsAtMs } = member;
  const before = set.has(prefix) ? endOf(set, prefix) : undefined;
  const known = runtime.find(trie.set?.name ?? '', family, prefix);
  const listedBefore = listed.get(prefix);
  // What was in before, and was not added, the policy lists.
  const listedUntil = known ? (listedBefore ?? 0) : (before ?? 0);
  explainFull(trie, () => set.add(prefix, untilMs(Math.max(endsAtMs, listedUntil))));
  if (listedUntil > 0) listed.set(prefix, listedUntil);
  return () => {
    if (before === undefined) takeOut(set, prefix);
    else set.add(prefix, untilMs(before));
    if (listedBefore === undefined) listed.delete(prefix);
    else listed.set(prefix, listedBefore);
  };
}

function endOf(set: RecordSet['set'], prefix: Prefix): number {
  const expiry = set.expiryOf(prefix);
  return momentIn(expiry && expiry.getTime() - Date.now());
}

/** Where the way without it has no room, it is over now, and the next sweep tries again. */
function takeOut(set: RecordSet['set'], prefix: Prefix): void {
  try {
    set.delete(prefix);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    set.add(prefix, { ttlMs: 0 });
  }
}

function knownSet({ sets }: DynamicSets, name: string): AddressSet {
  const set = sets.get(name);
  if (set) return set;
  const names = [...sets.keys()];
  const help = didYouMean(name, names) ?? (names.length > 0 ? `there are ${names.join(', ')}` : undefined);
  const message = `the policy in force has no set "${name}" of addresses`;
  throw new SluiceError({ code: 'policy/unknown-set', message, ...(help !== undefined && { help }) });
}

function dynamicSet(context: DynamicSets, name: string): AddressSet {
  const set = knownSet(context, name);
  if (set.records?.dynamic) return set;
  throw setNotDynamic(set);
}

interface NamedSet {
  readonly name: string;
  readonly line: number;
  readonly file?: string | undefined;
}

export function setNotDynamic({ name, line, file }: NamedSet): SluiceError {
  const example = file === undefined ? '{ dynamic: true, addresses: […] }' : '{ dynamic: true, file: … }';
  return new SluiceError({
    code: 'datapath/set-not-dynamic',
    message: `set "${name}" (line ${line}) takes no members at run time`,
    help: `Write dynamic: true to it in the policy, like ${name}: ${example}`,
  });
}

const notUsed = ({ name, line }: AddressSet): SluiceError =>
  new SluiceError({
    code: 'datapath/set-not-used',
    message: `no rule asks for set "${name}" (line ${line}): a member would have no effect`,
    help: `Write a rule that does, like { from: "@${name}", action: drop }`,
  });

function notMembers({ name, line, file }: AddressSet, missing: readonly FamilyPrefix[], targets: Targets): SluiceError {
  const problems = missing.slice(0, 20).map((one) => {
    const isListed = targets[one.family].some(({ set }) => set.has(one.prefix));
    const where = file === undefined ? `line ${line} of the policy` : relative('.', file);
    const message = isListed
      ? `${memberText(one)} was not added to set "${name}" at run time: ${where} lists it`
      : `${memberText(one)} is not in set "${name}"`;
    const help = isListed ? `Take it out of ${where}.` : `\`sluice sets list ${name}\` shows what is.`;
    return { code: 'datapath/not-a-member' as const, message, help };
  });
  return new SluiceError(problems);
}

function requireDuration(ttlMs: number): void {
  if (ttlMs > 0 && ttlMs <= LONGEST_MS) return;
  const message = `${ttlMs} milliseconds are no time to live: it is above 0 and 365 days at most`;
  throw new SluiceError({ code: 'policy/bad-duration', message });
}
