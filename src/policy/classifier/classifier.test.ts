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
import { bitsShift, type Family, prefixMask } from './boxes.ts';
import { buildClassifier, type Classifier } from './classifier.ts';
import { patchClassifier } from './patch.ts';
import { type Box, type RuleBox, toColumns } from './rule-boxes.ts';
import { treeLimits } from './trees.ts';
import { classify, type Key } from './walk.ts';

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

  test('keep to their limits with rules that all overlap', () => {
    const rules = inFamily(overlapping(20_000), family);
    const { trees, image, count } = build(rules, family);
    expect(trees.length).toBeLessThanOrEqual(treeLimits.trees);
    expect(Math.max(...trees.map(({ depth }) => depth))).toBeLessThanOrEqual(treeLimits.depth);
    const entries = trees.reduce((sum, tree) => sum + tree.entries, 0);
    expect(entries).toBeLessThanOrEqual(count * (treeLimits.entriesABox + 1) + 5_000);
    // An entry has eight words at most, and a node twice as many children as it has boxes.
    expect(image.length).toBeLessThan(entries * 8 + entries * 2 * treeLimits.depth);
  });

  test('find rules that all overlap', () => {
    const rules = inFamily(overlapping(500), family);
    expect(disagreements(build(rules, family), rules, 2_000)).toEqual([]);
  });

  test('stay right while rules come and go', () => {
    let rules = [...inFamily(generateRules('fw1', 400, 3), family)];
    const more = inFamily(generateRules('acl1', 400, 4), family);
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
    expect(patched).toBeGreaterThan(40);
  });
});

/** Rules with wide ranges of ports and short prefixes, none of which is inside of another. */
function overlapping(count: number): FiveTuple[] {
  const random = createRandom(9);
  return Array.from({ length: count }, (_, i) => {
    const length = 1 + random(3);
    return {
      src: { address: BigInt(random(2 ** length)) << BigInt(32 - length), length },
      dst: { address: 0n, length: 0 },
      srcPort: [random(30_000), 30_000 + random(30_000)],
      dstPort: [i % 30_000, 30_000 + ((i * 7) % 30_000)],
      protocol: 6,
    };
  });
}
