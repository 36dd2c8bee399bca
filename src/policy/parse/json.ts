import { type Place, type Problem, SluiceError } from '../../diagnostics/problem.ts';
import type { SourceText } from '../../diagnostics/source.ts';
import type { Path, PolicyDocument } from './document.ts';
import { createLineIndex } from './line-index.ts';

/** Deeper than any policy, and far from the end of the stack. */
const MAX_DEPTH = 100;

/** Where the members of an array or an object are, and their keys in the order of the text. */
interface Members {
  readonly keys: readonly string[] | undefined;
  /** For each member the offsets of its key (of an item: the item), its value, and the value's end. */
  readonly offsets: readonly number[];
}

/**
 * Reads JSON (RFC 8259). Policies with tens of thousands of rules are JSON that a program wrote: the YAML parser
 * would take seconds. Throws SluiceError at the first thing that is wrong.
 */
export function parseJson(source: SourceText): PolicyDocument {
  const { text } = source;
  const membersOf = new WeakMap<object, Members>();
  const lineIndex = createLineIndex(source);
  let at = 0;

  function fail(message: string, offset: number, length = 1, code: Problem['code'] = 'policy/syntax'): never {
    throw new SluiceError({ code, message, place: lineIndex.place(offset, length) });
  }

  function skipBlanks(): void {
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
    }
  }

  function unexpected(wanted: string): never {
    if (at >= text.length)
      return fail(`the file ends where ${wanted} is wanted`, Math.max(0, text.trimEnd().length - 1));
    const word = /[\w.+-]+|"[^"\n]*"|./uy;
    word.lastIndex = at;
    const found = word.exec(text)?.[0] ?? '';
    return fail(`${wanted} is wanted before ${found}`, at, found.length);
  }

  function parseValue(depth: number): unknown {
    skipBlanks();
    switch (text[at]) {
      case '{':
        return parseObject(depth);
      case '[':
        return parseArray(depth);
      case '"':
        return parseString();
      default:
        return parseWord();
    }
  }

  function parseWord(): unknown {
    const word = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y;
    word.lastIndex = at;
    const found = word.exec(text)?.[0] ?? unexpected('a value');
    at += found.length;
    return JSON.parse(found);
  }

  function parseString(): string {
    const start = at++;
    let escaped = false;
    for (; ; at++) {
      const code = text.charCodeAt(at);
      if (code === 0x22) break;
      if (code === 0x5c) {
        escaped = true;
        at++;
      } else if (!(code >= 0x20)) return fail('a text has no closing quotation mark on its line', start);
    }
    at++;
    if (!escaped) return text.slice(start + 1, at - 1);
    try {
      return JSON.parse(text.slice(start, at));
    } catch {
      return fail('a text has a backslash with nothing after it that JSON knows', start, at - start);
    }
  }

  /** Reads what stands between the brackets; `parseMember` reads one member. */
  function parseMembers(depth: number, closing: string, parseMember: () => void): void {
    const opening = at++;
    if (depth === MAX_DEPTH) fail('lists or mappings are nested too deep', opening);
    skipBlanks();
    if (text[at] === closing) at++;
    else {
      for (;;) {
        skipBlanks();
        parseMember();
        skipBlanks();
        const next = text[at];
        if (next !== ',' && next !== closing) unexpected(`, or ${closing}`);
        at++;
        if (next === closing) return;
      }
    }
  }

  function parseArray(depth: number): unknown[] {
    const items: unknown[] = [];
    const offsets: number[] = [];
    parseMembers(depth, ']', () => {
      const start = at;
      items.push(parseValue(depth + 1));
      offsets.push(start, start, at);
    });
    membersOf.set(items, { keys: undefined, offsets });
    return items;
  }

  function parseObject(depth: number): object {
    const object: Record<string, unknown> = {};
    const keys: string[] = [];
    const offsets: number[] = [];
    parseMembers(depth, '}', () => {
      const keyStart = at;
      if (text[at] !== '"') unexpected('a key in quotation marks');
      const key = parseString();
      if (Object.hasOwn(object, key)) {
        fail(`key ${JSON.stringify(key)} stands twice in one mapping`, keyStart, at - keyStart, 'policy/duplicate-key');
      }
      skipBlanks();
      if (text[at] !== ':') unexpected(':');
      at++;
      skipBlanks();
      const start = at;
      const value = parseValue(depth + 1);
      keys.push(key);
      offsets.push(keyStart, start, at);
      // Assignment to __proto__ would not make a key.
      if (key === '__proto__') Object.defineProperty(object, key, { value, enumerable: true, configurable: true });
      else object[key] = value;
    });
    membersOf.set(object, { keys, offsets });
    return object;
  }

  if (text.startsWith('\ufeff')) at++;
  const value = parseValue(0);
  const end = at;
  skipBlanks();
  if (at < text.length) unexpected('the end of the file');

  function place(path: Path, part: 'key' | 'value' = 'value'): Place {
    let container: unknown = value;
    let [keyStart, start, stop] = [0, Math.max(0, text.search(/\S/)), end];
    for (const [depth, step] of path.entries()) {
      const members = typeof container === 'object' && container !== null ? membersOf.get(container) : undefined;
      const index = members?.keys ? members.keys.indexOf(String(step)) : Number(step);
      const offsets = members?.offsets.slice(index * 3, index * 3 + 3) ?? [];
      if (offsets.length < 3) break;
      [keyStart = 0, start = 0, stop = 0] = offsets;
      if (part === 'key' && members?.keys && depth === path.length - 1) stop = endOfString(text, keyStart);
      container = (container as Record<string | number, unknown>)[step];
    }
    const isKey = stop <= start;
    return isKey
      ? lineIndex.place(keyStart, stop - keyStart)
      : lineIndex.place(start, isScalar(start) ? stop - start : 1);
  }

  const isScalar = (offset: number) => text[offset] !== '{' && text[offset] !== '[';

  return { source, value, place };
}

function endOfString(text: string, start: number): number {
  const token = /"(?:[^"\\]|\\.)*"/y;
  token.lastIndex = start;
  return start + (token.exec(text)?.[0].length ?? 1);
}
