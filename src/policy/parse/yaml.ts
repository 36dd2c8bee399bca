import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  type Node,
  parseDocument,
  type YAMLError,
} from 'yaml';
import { type Place, type Problem, SluiceError } from '../../diagnostics/problem.ts';
import type { SourceText } from '../../diagnostics/source.ts';
import type { Path, PolicyDocument } from './document.ts';
import { createLineIndex, type LineIndex } from './line-index.ts';

/** A policy has no use for more; a bomb of aliases to aliases needs them by the thousand. */
const MAX_ALIAS_COUNT = 1000;

/** One syntax error makes the parser stumble on what follows: these many say enough. */
const MAX_SYNTAX_ERRORS = 5;

const TOO_DEEP = 'lists or mappings are nested too deep';

/** Reads YAML 1.2. Throws SluiceError where it is not one well-formed document. */
export function parseYaml(source: SourceText): PolicyDocument {
  const lines = createLineIndex(source);
  const document = guarded(source, lines, () =>
    parseDocument(source.text, { prettyErrors: false, stringKeys: true, logLevel: 'error' }),
  );
  const complaints = [...document.errors, ...document.warnings];
  if (complaints.length > 0) throw new SluiceError(syntaxProblems(complaints, source, lines));
  return {
    source,
    value: guarded(source, lines, () => document.toJS({ maxAliasCount: MAX_ALIAS_COUNT })),
    place: (path, part = 'value') => placeOf(document, path, part, lines),
  };
}

/** The parser answers hostile input (nesting without end, alias bombs) with exceptions that have no place. */
function guarded<T>(source: SourceText, lines: LineIndex, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof RangeError) {
      const place = lines.place(0, 0);
      throw new SluiceError({ code: 'policy/syntax', message: TOO_DEEP, place }, { cause: error });
    }
    if (error instanceof ReferenceError) {
      const firstAlias = Math.max(0, source.text.search(/(?<=[\s[{,])\*[^\s,\]}]/));
      const message = `more than ${MAX_ALIAS_COUNT} values come from aliases`;
      throw new SluiceError({ code: 'policy/alias', message, place: lines.place(firstAlias, 1) });
    }
    throw error;
  }
}

function syntaxProblems(complaints: readonly YAMLError[], source: SourceText, lines: LineIndex): Problem[] {
  const problems: Problem[] = [];
  const seen = new Set<number>();
  for (const complaint of complaints) {
    const start = complaint.pos[0];
    const word = /^[^\s,\]}]*/.exec(source.text.slice(start, start + 80))?.[0] ?? '';
    const { length = 1, ...problem } = explain(complaint, word);
    const place = lines.place(start, length);
    if (seen.has(place.line) || problems.length === MAX_SYNTAX_ERRORS) continue;
    seen.add(place.line);
    problems.push({ ...problem, place });
  }
  return problems;
}

/** @param word what stands at the place, up to the next blank or bracket */
function explain(complaint: YAMLError, word: string): Omit<Problem, 'place'> & { length?: number } {
  switch (complaint.code) {
    case 'DUPLICATE_KEY': {
      const key = word.replace(/:.*$/, '');
      return { code: 'policy/duplicate-key', message: `key ${key} stands twice in one mapping`, length: key.length };
    }
    case 'MULTIPLE_DOCS':
      return { code: 'policy/multiple-documents', message: 'the file holds more than one YAML document', length: 3 };
    case 'TAG_RESOLVE_FAILED':
      return {
        code: 'policy/syntax',
        message: `${word} is read as a YAML tag, for ! has a meaning of its own in YAML`,
        help: `put it in quotation marks: "${word}"`,
        length: word.length,
      };
    case 'BAD_SCALAR_START':
      return {
        code: 'policy/syntax',
        message: `a value that begins with ${word.slice(0, 1)} has to stand in quotation marks`,
        help: `write "${word}"`,
        length: word.length,
      };
    case 'TAB_AS_INDENT':
      return {
        code: 'policy/syntax',
        message: 'a tab is used for indentation',
        help: 'indent with spaces: YAML has no tabs',
      };
    default: {
      const message = lowerFirst(complaint.message.split('\n')[0] ?? '');
      return { code: 'policy/syntax', message: message.includes('call stack') ? TOO_DEEP : message };
    }
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function placeOf(document: Document, path: Path, part: 'key' | 'value', lines: LineIndex): Place {
  let node: Node | null = document.contents;
  let key: Node | undefined;
  for (const [index, step] of path.entries()) {
    const next = child(document, node, step);
    if (!next) return nodePlace(index === path.length - 1 ? node : (key ?? node), lines);
    node = next.value ?? next.key ?? node;
    key = next.key;
  }
  return nodePlace(part === 'key' && key ? key : node, lines);
}

function child(
  document: Document,
  parent: Node | null,
  step: string | number,
): { key?: Node; value?: Node } | undefined {
  const node = isAlias(parent) ? parent.resolve(document) : parent;
  if (!isCollection(node)) return undefined;
  const item: unknown = isMap(node)
    ? node.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === String(step))
    : node.items[Number(step)];
  if (isNode(item)) return { value: item };
  if (!isPair(item)) return undefined;
  return { ...(isNode(item.key) && { key: item.key }), ...(isNode(item.value) && { value: item.value }) };
}

function nodePlace(node: Node | null | undefined, lines: LineIndex): Place {
  const [start, end] = node?.range ?? [0, 0];
  return lines.place(start, isCollection(node) ? 1 : Math.max(end - start, 1));
}
