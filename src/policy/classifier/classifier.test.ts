import { describe, expect, test } from 'vitest';
import {
  classbench,
  createRandom,
  createScan,
  drawHeaders,
  type FiveTuple,
  generateRules,
  type Header,
  shapes,
  toIpv6,
} from '../testing/classbench.ts';
import { type HardList, hardLists } from '../testing/hard-lists.ts';
import { bitsShift, type Family, prefixMask } from './boxes.ts';
import { buildClassifier, type Classifier } from './classifier.ts';
import { FIRST_CLASS } from './entry.ts';
import { patchClassifier } from './patch.ts';
import { type Box, type RuleBox, toColumns } from './rule-boxes.ts';
import { treeLimits } from './trees.ts';
import { classify, type Key, startSearch } from './walk.ts';

const PORTS = 1 << bitsShift.traits;
const ALLOW = 1;

function wordsOf(value: bigint, family: Family): number[] {
  const shifts = family === 'v4' ? [0n] : [96n, 64n, 32n, 0n];
  return shifts.map((shift) => Number((value >> shift) & 0xffff_ffffn));
}

const masksOf = (length: number, family: Family): number[] =>
  (family === 'v4' ? [0] : [0, 32, 64, 96]).map((from) => prefixMask(Math.min(32, Math.max(0, length - from))));

function boxOf({ src, dst, srcPort, dstPort, protocol }: FiveTuple, family: Family): Box {
  const anyPorts = [srcPort, dstPort].every(([lo, hi]) => lo === 0 && hi === 65_535);
  const hasPorts = protocol === undefined || protocol === 6 || protocol === 17;
  const asks = hasPorts && !anyPorts;
  const [from, to] = asks ? [srcPort, dstPort] : [[0, 65_535] as const, [0, 65_535] as const];
  const value = (protocol ?? 0) | (asks ? PORTS : 0);
  const mask = (protocol === undefined ? 0 : 0xff) | (asks ? PORTS : 0);
  return {
    src: { words: wordsOf(src.address, family), masks: masksOf(src.length, family) },
    dst: { words: wordsOf(dst.address, family), masks: masksOf(dst.length, family) },
    portsLo: ((from[0] << 16) | to[0]) >>> 0,
    portsHi: ((from[1] << 16) | to[1]) >>> 0,
    bits: { value, mask },
  };
}

const ruleBoxes = (rules: readonly FiveTuple[], family: Family): RuleBox[] =>
  rules.map((rule, index) => ({ rule: index, actionClass: ALLOW, box: boxOf(rule, family) }));

function keyOf({ src, dst, srcPort, dstPort, protocol }: Header, family: Family): Key {
  const hasPorts = protocol === 6 || protocol === 17;
  const ports = hasPorts ? ((srcPort << 16) | dstPort) >>> 0 : 0;
  return [...wordsOf(src, family), ...wordsOf(dst, family), ports, protocol | (hasPorts ? PORTS : 0)];
}

const build = (rules: readonly FiveTuple[], family: Family): Classifier =>
  buildClassifier(toColumns(ruleBoxes(rules, family), family));

/** Every header that the trees and a linear scan do not agree on. */
function disagreements(classifier: Classifier, rules: readonly FiveTuple[], count: number, seed = 1): Header[] {
  const bits = classifier.family === 'v4' ? 32 : 128;
  const scan = createScan(rules, bits);
  return drawHeaders(rules, bits, count, createRandom(seed)).filter(
    (header) => classify(classifier, keyOf(header, classifier.family)) !== scan(header),
  );
}

const families = ['v4', 'v6'] as const;
const hardNames = Object.keys(hardLists) as HardList[];
const inFamily = (rules: readonly FiveTuple[], family: Family): readonly FiveTuple[] =>
  family === 'v4' ? rules : toIpv6(rules);

describe.each(families)('trees for IP%s', (family) => {
  test.each(shapes)('find the same rule as a linear scan: %s', (shape) => {
    for (const count of [1, 2, 17, 300, 3_000]) {
      const rules = inFamily(generateRules(shape, count), family);
      expect(disagreements(build(rules, family), rules, 2_000)).toEqual([]);
    }
  });

  test('find rules in the published sets', () => {
    for (const shape of shapes) {
      const rules = inFamily(classbench(shape, 1_000).rules, family);
      expect(disagreements(build(rules, family), rules, 3_000)).toEqual([]);
    }
  });

  test.each(hardNames)('keep to their limits with lists made to be hard: %s', (name) => {
    const rules = inFamily(hardLists[name](20_000), family);
    const { trees, image, count } = build(rules, family);
    expect(trees.length).toBeLessThanOrEqual(treeLimits.trees);
    expect(Math.max(...trees.map(({ depth }) => depth))).toBeLessThanOrEqual(treeLimits.depth);
    const entries = trees.reduce((sum, tree) => sum + tree.entries, 0);
    // Besides, long leaves may be narrowed.
    expect(entries).toBeLessThanOrEqual(count * (treeLimits.entriesABox + 2) + 70_000);
    // An entry has eight words at most, and a node twice as many children as it has boxes.
    expect(image.length).toBeLessThan(entries * 8 + entries * 2 * treeLimits.depth);
  });

  test.each(hardNames)('find the rules of lists made to be hard: %s', (name) => {
    for (const count of [40, 500, 4_000]) {
      const rules = inFamily(hardLists[name](count), family);
      expect(disagreements(build(rules, family), rules, 2_000)).toEqual([]);
    }
  });

  test('hide no rule behind one that goes on to the next', () => {
    const rules = inFamily(hardLists.overlapping(1_000), family);
    const counting = ruleBoxes(rules, family).map((one) => ({ ...one, actionClass: FIRST_CLASS }));
    const classifier = buildClassifier(toColumns(counting, family));
    const bits = family === 'v4' ? 32 : 128;
    for (const header of drawHeaders(rules, bits, 20, createRandom(2))) {
      const search = startSearch(classifier, keyOf(header, family));
      const found = Array.from(rules, () => search.next()?.rule).filter((rule) => rule !== undefined);
      const scan = rules.flatMap((rule, index) => (createScan([rule], bits)(header) === undefined ? [] : [index]));
      expect(found).toEqual(scan);
    }
  });

  test('part rules that all overlap by where they end, so that a packet meets few', () => {
    const { trees, image } = build(inFamily(hardLists.overlapping(20_000), family), family);
    expect(Math.max(...trees.map(({ longestLeaf }) => longestLeaf))).toBeLessThan(500);
    expect(image.length * 8).toBeLessThan(4 * 2 ** 20);
  });

  test('are the same, but for longer leaves, where growing them has to end early', () => {
    const rules = inFamily(hardLists.nested(2_000), family);
    const limits = { ...treeLimits, effortABox: 10, freeEffort: 0 };
    const classifier = buildClassifier(toColumns(ruleBoxes(rules, family), family), limits);
    expect(disagreements(classifier, rules, 2_000)).toEqual([]);
    const longest = ({ trees }: Classifier): number => Math.max(...trees.map((tree) => tree.longestLeaf));
    expect(longest(classifier)).toBeGreaterThan(longest(build(rules, family)));
  });

  test.each([
    ['ClassBench', generateRules('fw1', 400, 3), generateRules('acl1', 400, 4), 40],
    ['overlapping', hardLists.overlapping(400), generateRules('fw1', 400, 4), 1],
    ['ranges', hardLists.ranges(300), hardLists.ranges(900).slice(300), 1],
    ['nested', hardLists.nested(300), hardLists.nested(900).slice(300), 20],
  ] as const)('stay right while rules come and go: %s', (_, first, others, most) => {
    let rules = [...inFamily(first, family)];
    const more = inFamily(others, family);
    const random = createRandom(5);
    let classifier = build(rules, family);
    let patched = 0;
    for (let round = 0; round < 60; round++) {
      const at = random(rules.length);
      const gone = random(2) === 0 ? 1 : 0;
      const come = more.slice(round * 3, round * 3 + (gone === 1 ? random(2) : 2));
      const next = rules.toSpliced(at, gone, ...come);
      const shift = come.length - gone;
      const before = classifier;
      const after = patchClassifier(before, {
        moved: (old) => (old < at ? old : old < at + gone ? undefined : old + shift),
        removed: ruleBoxes(rules, family).slice(at, at + gone),
        added: ruleBoxes(next, family).slice(at, at + come.length),
      });
      if (after !== undefined) patched++;
      expect(disagreements(before, rules, 50, round)).toEqual([]);
      rules = next;
      classifier = after ?? build(rules, family);
      expect(disagreements(classifier, rules, 300, round)).toEqual([]);
    }
    expect(patched).toBeGreaterThan(most);
  });
});

test('a rule that stands in more leaves than are looked through is not left behind in some of them', () => {
  const random = createRandom(6);
  const any = { address: 0n, length: 0 };
  const ports = [0, 65_535] as const;
  const hosts: FiveTuple[] = Array.from({ length: 20_000 }, () => {
    return { src: { address: BigInt(random(2 ** 32)), length: 32 }, dst: any, srcPort: ports, dstPort: ports };
  });
  const rules: FiveTuple[] = [...hosts, { src: any, dst: any, srcPort: ports, dstPort: ports }];
  const boxes = ruleBoxes(rules, 'v4');
  const before = buildClassifier(toColumns(boxes, 'v4'), { ...treeLimits, trees: 1 });
  const after = patchClassifier(before, {
    moved: (index) => (index < hosts.length ? index : undefined),
    removed: boxes.slice(-1),
    added: [],
  });
  expect(after && disagreements(after, hosts, 500)).toBeUndefined();
});

test('what a rule hides comes back when it goes, wherever it has moved to before', () => {
  const address = (n: number, length: number) => ({ address: BigInt(n) << 24n, length });
  const ports = [0, 65_535] as const;
  const from = (n: number, length: number): FiveTuple => {
    return { src: address(n, length), dst: address(0, 0), srcPort: ports, dstPort: ports };
  };
  // The second has all packets of the third.
  const rules = [from(9, 8), from(10, 7), from(11, 8), from(12, 8)];
  const first = build(rules, 'v4');
  expect([...first.hiding]).toEqual([1]);
  const next = [from(13, 8), ...rules];
  const second = patchClassifier(first, {
    moved: (index) => index + 1,
    removed: [],
    added: ruleBoxes(next, 'v4').slice(0, 1),
  });
  expect(disagreements(second as Classifier, next, 500)).toEqual([]);
  const without = (index: number) => ({
    moved: (old: number) => (old < index ? old : old === index ? undefined : old - 1),
    removed: ruleBoxes(next, 'v4').slice(index, index + 1),
    added: [],
  });
  expect(patchClassifier(second as Classifier, without(2))).toBeUndefined();
  const third = patchClassifier(second as Classifier, without(1)) as Classifier;
  expect(disagreements(third, next.toSpliced(1, 1), 500)).toEqual([]);
});
