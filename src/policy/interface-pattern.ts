import type { InterfaceMatch } from './checked.ts';

/** A character of a name: one of these code points, or one of all others. Ranges are inclusive. */
interface CharacterSet {
  readonly ranges: readonly (readonly [lo: number, hi: number])[];
  readonly negated: boolean;
}

type Token = '*' | CharacterSet;

/** Linux keeps 15 bytes of a name (IFNAMSIZ). */
const LONGEST_NAME = 15;
/** `dev_valid_name` of the kernel. */
const VALID_NAME = /^(?!\.{1,2}$)[^\s/:\p{Cc}]{1,15}$/u;
const ANY: CharacterSet = { ranges: [], negated: true };

/** Whether it stands for any number of names: `*`, `?` and `[…]` mean what they mean to a shell. */
export const isGlob = (pattern: string): boolean => /[*?[]/.test(pattern);

/** Why it can be neither the name of an interface nor a glob of such names; undefined where it can. */
export function patternProblem(pattern: string): string | undefined {
  if (!isGlob(pattern)) {
    const valid = VALID_NAME.test(pattern) && Buffer.byteLength(pattern) <= LONGEST_NAME;
    return valid ? undefined : 'cannot be the name of an interface';
  }
  if (/[\s/:\p{Cc}]/u.test(pattern)) return 'matches no name of an interface: none has a blank, a slash or a colon';
  const tokens = readTokens(pattern);
  if (tokens === undefined) return 'is no glob: "[" begins a list of characters like [0-9], which "]" ends';
  const least = tokens.filter((token) => token !== '*').length;
  return least > LONGEST_NAME ? `matches no name of an interface: they have up to ${LONGEST_NAME} bytes` : undefined;
}

const expressions = new Map<string, RegExp>();

/** Whether the pattern, a name or a glob, stands for an interface of this name. */
export function matchesPattern(pattern: string, name: string): boolean {
  if (!isGlob(pattern)) return pattern === name;
  let expression = expressions.get(pattern);
  if (expression === undefined) {
    expression = new RegExp(`^${(readTokens(pattern) ?? []).map(expressionOf).join('')}$`, 'su');
    expressions.set(pattern, expression);
  }
  return expression.test(name);
}

/** Whether one of the patterns stands for an interface of this name: those of a policy tell which it is for. */
export const matchesAny = (patterns: readonly string[], name: string): boolean =>
  patterns.some((pattern) => matchesPattern(pattern, name));

/** Whether the match of a rule is true of an interface of this name. */
export const matchesInterface = ({ any, none }: InterfaceMatch, name: string): boolean =>
  matchesAny(any, name) && !matchesAny(none, name);

/** Whether there may be a name that both patterns stand for. */
export function patternsMeet(one: string, other: string): boolean {
  const [a, b] = [readTokens(one) ?? [], readTokens(other) ?? []];
  const known = new Map<number, boolean>();
  const meet = (i: number, j: number): boolean => {
    const key = i * (b.length + 1) + j;
    let result = known.get(key);
    if (result === undefined) {
      result = step(i, j);
      known.set(key, result);
    }
    return result;
  };
  const step = (i: number, j: number): boolean => {
    const [x, y] = [a[i], b[j]];
    if (x === '*') return meet(i + 1, j) || (y !== undefined && meet(i, j + 1));
    if (y === '*') return meet(i, j + 1) || (x !== undefined && meet(i + 1, j));
    if (x === undefined || y === undefined) return x === y;
    return setsMeet(x, y) && meet(i + 1, j + 1);
  };
  return meet(0, 0);
}

/** A name that the pattern stands for, for packets that are made up; undefined where none is found. */
export const exampleName = (pattern: string): string | undefined => exampleInterface({ any: [pattern], none: [] });

/** A name for which the match of a rule is true; undefined where none is found. */
export function exampleInterface({ any, none }: InterfaceMatch): string | undefined {
  for (const pattern of any) {
    const name = examplesOf(pattern).find((one) => !matchesAny(none, one));
    if (name !== undefined) return name;
  }
  return undefined;
}

const LIKELY = [...'0123456789abcdefghijklmnopqrstuvwxyz'];

/** The name itself, or some that the glob stands for. */
function examplesOf(pattern: string): string[] {
  if (!isGlob(pattern)) return [pattern];
  const tokens = readTokens(pattern) ?? [];
  return [...LIKELY, '']
    .map((preferred) => tokens.map((one) => (one === '*' ? preferred : exampleCharacter(one, preferred))).join(''))
    .filter((name) => patternProblem(name) === undefined && matchesPattern(pattern, name));
}

function exampleCharacter(token: CharacterSet, preferred: string): string {
  const likely = [preferred, ...LIKELY].find((character) => character !== '' && holds(token, character));
  return likely ?? String.fromCodePoint(token.ranges[0]?.[0] ?? 0x30);
}

function holds({ ranges, negated }: CharacterSet, character: string): boolean {
  const code = character.codePointAt(0) as number;
  return ranges.some(([lo, hi]) => lo <= code && code <= hi) !== negated;
}

/** Undefined where a list of characters does not end, is empty, or has a range whose ends are the wrong way round. */
function readTokens(pattern: string): readonly Token[] | undefined {
  const tokens: Token[] = [];
  const characters = [...pattern];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] as string;
    if (character === '*') {
      if (tokens.at(-1) !== '*') tokens.push('*');
    } else if (character === '?') tokens.push(ANY);
    else if (character === '[') {
      const list = readList(characters, at + 1);
      if (list === undefined) return undefined;
      tokens.push(list.set);
      at = list.end;
    } else tokens.push(single(character));
  }
  return tokens;
}

/** `end` is where the bracket closes. As in a shell, "]" in the first place is one of the characters. */
function readList(characters: readonly string[], start: number): { set: CharacterSet; end: number } | undefined {
  const negated = characters[start] === '!' || characters[start] === '^';
  const first = negated ? start + 1 : start;
  const end = characters.indexOf(']', first + 1);
  if (end < 0) return undefined;
  const ranges: (readonly [number, number])[] = [];
  for (let at = first; at < end; at++) {
    const lo = (characters[at] as string).codePointAt(0) as number;
    const isRange = characters[at + 1] === '-' && at + 2 < end;
    const hi = isRange ? ((characters[at + 2] as string).codePointAt(0) as number) : lo;
    if (hi < lo) return undefined;
    ranges.push([lo, hi]);
    if (isRange) at += 2;
  }
  return { set: { ranges, negated }, end };
}

function single(character: string): CharacterSet {
  const code = character.codePointAt(0) as number;
  return { ranges: [[code, code]], negated: false };
}

function expressionOf(token: Token): string {
  if (token === '*') return '.*';
  const { ranges, negated } = token;
  if (ranges.length === 0) return '.';
  const hex = (code: number): string => `\\u{${code.toString(16)}}`;
  return `[${negated ? '^' : ''}${ranges.map(([lo, hi]) => `${hex(lo)}-${hex(hi)}`).join('')}]`;
}

/** Two lists of characters that must not be there leave others; else one list has an end that the other holds. */
function setsMeet(a: CharacterSet, b: CharacterSet): boolean {
  if (a.negated && b.negated) return true;
  if (a.negated) return setsMeet(b, a);
  return a.ranges.some(([lo, hi]) => {
    if (!b.negated) return b.ranges.some(([from, to]) => from <= hi && lo <= to);
    for (let code = lo; code <= hi; code++) if (holds(b, String.fromCodePoint(code))) return true;
    return false;
  });
}
