import type { Classifier } from './classifier/classifier.ts';
import { patchClassifier } from './classifier/patch.ts';
import type { RuleBox } from './classifier/rule-boxes.ts';
import type { LoweredRule } from './lower.ts';
import type { TreesBlock } from './structure.ts';

/** So many rules that changed are put into the trees one by one. */
const MAX_PATCHED = 256;

/** The classifier with what changed in the middle of its rules; undefined where that is too much. */
export function patchedBy(
  { rules: old, classOf: oldClassOf, classifier }: TreesBlock,
  rules: readonly LoweredRule[],
  classOf: readonly number[],
  boxesFrom: (lowered: LoweredRule, actionClass: number) => RuleBox[],
): Classifier | undefined {
  const same = (i: number, j: number): boolean =>
    old[i]?.rule.match === rules[j]?.rule.match && oldClassOf[i] === classOf[j];
  const most = Math.min(old.length, rules.length);
  let head = 0;
  while (head < most && same(head, head)) head++;
  let tail = 0;
  while (tail < most - head && same(old.length - 1 - tail, rules.length - 1 - tail)) tail++;
  const gone = old.slice(head, old.length - tail);
  const come = rules.slice(head, rules.length - tail);
  if (gone.length + come.length > MAX_PATCHED) return undefined;
  const newIndex = new Map<number, number>();
  for (let i = 0; i < head; i++) newIndex.set((old[i] as LoweredRule).rule.index, (rules[i] as LoweredRule).rule.index);
  for (let i = 1; i <= tail; i++) {
    newIndex.set((old.at(-i) as LoweredRule).rule.index, (rules.at(-i) as LoweredRule).rule.index);
  }
  return patchClassifier(classifier, {
    moved: (index) => newIndex.get(index),
    removed: gone.flatMap((lowered, i) => boxesFrom(lowered, oldClassOf[head + i] as number)),
    added: come.flatMap((lowered, i) => boxesFrom(lowered, classOf[head + i] as number)),
  });
}
