import type { Stage } from './stage.ts';

const LONGEST_NAME = 63;

/** The comments of rules as names that policies take: printable, 63 characters, each once in all stages. */
export function uniqueNames(stages: readonly (Stage | undefined)[]): (Stage | undefined)[] {
  const taken = new Set<string>();
  const next = new Map<string, number>();
  return stages.map((stage) => {
    if (!stage) return undefined;
    const items = stage.items.map((item) => {
      if (!('rule' in item) || typeof item.rule['name'] !== 'string') return item;
      const { name, ...rest } = item.rule;
      const plain = plainName(name);
      if (plain === '') return { rule: rest };
      let free = plain;
      for (let number = next.get(plain) ?? 2; taken.has(free); number++) {
        free = `${cut(plain, LONGEST_NAME - 1 - `${number}`.length)}-${number}`;
        next.set(plain, number + 1);
      }
      taken.add(free);
      return { rule: { name: free, ...rest } };
    });
    return { ...stage, items };
  });
}

const plainName = (comment: string): string => cut(comment.replace(/[\s\p{Cc}\p{Cs}]+/gu, ' ').trim(), LONGEST_NAME);

/** Counted as the check of names does, in UTF-16 units of whole characters. */
function cut(text: string, length: number): string {
  return [...text]
    .reduce((cut, character) => (cut.length + character.length > length ? cut : cut + character), '')
    .trim();
}
