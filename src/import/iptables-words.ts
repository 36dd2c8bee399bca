import { NotCarried } from './ruleset.ts';

/** The words of a line of iptables-save; in double quotation marks, `\` takes the next character as it is. */
export function wordsOf(line: string): string[] {
  const words: string[] = [];
  for (const [, quoted, plain] of line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)) {
    words.push(plain ?? (quoted ?? '').replace(/\\(.)/g, '$1'));
  }
  return words;
}

export interface Option {
  readonly name: string;
  readonly negated: boolean;
  readonly values: readonly string[];
}

/** Options with what stands behind each, `!` in front taken for its negation, as iptables-save writes it. */
export function optionsOf(words: readonly string[]): Option[] {
  const options: { name: string; negated: boolean; values: string[] }[] = [];
  let negated = false;
  for (const word of words) {
    if (word === '!') negated = true;
    else if (/^--?[A-Za-z]/.test(word)) {
      options.push({ name: word, negated, values: [] });
      negated = false;
    } else {
      const last = options.at(-1);
      if (!last) throw new NotCarried(`"${word}" stands alone`);
      last.values.push(word);
    }
  }
  return options;
}
