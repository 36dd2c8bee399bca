import { readFileSync } from 'node:fs';
import { type Place, type Problem, SluiceError } from '../diagnostics/problem.ts';
import type { SourceText } from '../diagnostics/source.ts';
import { didYouMean } from '../diagnostics/suggest.ts';
import { unreadableFile } from '../diagnostics/unreadable-file.ts';
import { reasonNames } from '../generated/abi.ts';
import { parseNotation } from '../packet/notation.ts';
import type { PacketSpec } from '../packet/spec.ts';
import { directions } from '../policy/decision.ts';
import type { Path, PolicyDocument } from '../policy/parse/document.ts';
import { parseYaml } from '../policy/parse/yaml.ts';
import { parseTime } from '../policy/when/parse-time.ts';
import type { PolicyTest, ReadTestFile } from './test-file.ts';

const verdicts = ['allow', 'drop', 'reject'] as const;
export const FILE_KEYS = ['policy', 'tests'] as const;
export const TEST_KEYS = ['packet', 'expect', 'rule', 'reason', 'direction', 'interface', 'at', 'name'] as const;
const EXAMPLE = "write it like { packet: 'tcp 198.51.100.7:40000 > 192.0.2.10:22', expect: drop }";

type Fields = Readonly<Record<string, unknown>>;

/** Reads a test file and checks all that can be said of it without its policy. Never throws for what is in the file. */
export function readTestFile(path: string): ReadTestFile {
  try {
    return checkTestFile(parseYaml({ path, text: textOf(path) }));
  } catch (error) {
    if (error instanceof SluiceError) return { problems: error.problems };
    throw error;
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const message = unreadableFile(path, error as NodeJS.ErrnoException);
    throw new SluiceError({ code: 'test/unreadable', message }, { cause: error });
  }
}

/** @throws SluiceError where the file is no mapping at all */
function checkTestFile(document: PolicyDocument): ReadTestFile {
  const problems: Problem[] = [];
  const wrong: Complain = (path, message, help, part) => {
    problems.push({ code: 'test/invalid', message, place: document.place(path, part), ...(help && { help }) });
  };
  const fields = document.value;
  if (!isMapping(fields)) {
    wrong([], 'a test file is a mapping with the keys policy and tests');
    return { problems };
  }
  checkKeys(fields, FILE_KEYS, [], wrong);
  const { policy = defaultPolicy(document.source), tests } = fields;
  if (typeof policy !== 'string') wrong(['policy'], 'policy must be the path of a policy file');
  if (!Array.isArray(tests)) wrong(['tests'], 'tests must be a list', EXAMPLE);
  const list: readonly unknown[] = Array.isArray(tests) ? tests : [];
  const checked = list.map((test, index) => checkTest(test, ['tests', index], document, problems, wrong));
  if (problems.length > 0) return { problems };
  const file = {
    source: document.source,
    policy: String(policy),
    policyPlace: document.place(['policy']),
    tests: checked.filter((test) => test !== undefined),
  };
  return { file, problems };
}

/** `edge.test.yaml` tests `edge.yaml`. */
const defaultPolicy = ({ path }: SourceText): string => path.replace(/^.*\//, '').replace(/\.test(\.[^.]+)$/, '$1');

type Complain = (path: Path, message: string, help?: string, part?: 'key' | 'value') => void;

function checkTest(
  fields: unknown,
  path: Path,
  document: PolicyDocument,
  problems: Problem[],
  wrong: Complain,
): PolicyTest | undefined {
  if (!isMapping(fields)) {
    wrong(path, 'a test is a mapping with the keys packet and expect', EXAMPLE);
    return undefined;
  }
  checkKeys(fields, TEST_KEYS, path, wrong);
  const { name, packet: notation, rule, reason, interface: interfaceName } = fields;
  const expect = oneOf(fields['expect'], verdicts);
  const direction = oneOf(fields['direction'] ?? 'ingress', directions);
  if (expect === undefined) wrong([...path, 'expect'], `expect must be ${verdicts.join(', ')}`);
  if (direction === undefined) wrong([...path, 'direction'], `direction must be ${directions.join(' or ')}`);
  if (rule !== undefined && rule !== null && typeof rule !== 'string')
    wrong([...path, 'rule'], 'rule must be the name of a rule, or null');
  if (reason !== undefined && !Object.values(reasonNames).includes(String(reason))) {
    const help = didYouMean(String(reason), Object.values(reasonNames));
    wrong([...path, 'reason'], `"${String(reason)}" is no reason`, help);
  }
  if (interfaceName !== undefined && typeof interfaceName !== 'string')
    wrong([...path, 'interface'], 'interface must be a name');
  const timeMs = fields['at'] === undefined ? undefined : parseTime(String(fields['at']));
  if (timeMs === undefined && fields['at'] !== undefined)
    wrong([...path, 'at'], `"${String(fields['at'])}" is no time`, 'write it like 2026-12-24T18:00+01:00');
  const spec = readPacket(notation, [...path, 'packet'], document, problems, wrong);
  if (spec === undefined || expect === undefined || direction === undefined) return undefined;
  const onInterface = typeof interfaceName === 'string' ? interfaceName : spec.interface;
  return {
    name: name === undefined ? String(notation) : String(name),
    place: document.place([...path, 'packet']),
    notation: String(notation),
    packet: spec,
    expect,
    direction,
    ...(rule !== undefined && { rule: rule as string | null, rulePlace: document.place([...path, 'rule']) }),
    ...(reason !== undefined && { reason: String(reason) }),
    ...(onInterface !== undefined && { interface: onInterface }),
    ...(timeMs !== undefined && { timeMs }),
  };
}

function checkKeys(fields: Fields, known: readonly string[], path: Path, wrong: Complain): void {
  for (const key of Object.keys(fields)) {
    if (known.includes(key)) continue;
    const help = didYouMean(key, known) ?? `the keys are ${known.join(', ')}`;
    wrong([...path, key], `"${key}" is no key of ${path.length === 0 ? 'a test file' : 'a test'}`, help, 'key');
  }
}

function readPacket(
  notation: unknown,
  path: Path,
  document: PolicyDocument,
  problems: Problem[],
  wrong: Complain,
): PacketSpec | undefined {
  if (typeof notation !== 'string') {
    wrong(path, 'packet must be a packet in quotation marks', EXAMPLE);
    return undefined;
  }
  try {
    return parseNotation(notation);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    const place = document.place(path);
    problems.push(
      ...error.problems.map((problem) => ({ ...problem, place: withinPacket(place, problem.place, notation) })),
    );
    return undefined;
  }
}

/** The place in the file of a word of the packet; the whole packet where it is not written as it is read. */
function withinPacket(packet: Place, word: Place | undefined, notation: string): Place {
  const line = packet.source.text.split('\n')[packet.line - 1] ?? '';
  const start = line.indexOf(notation, packet.column - 1);
  if (word === undefined || start < 0) return packet;
  return { ...packet, column: start + word.column, length: word.length };
}

function isMapping(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function oneOf<T extends string>(value: unknown, allowed: readonly T[]): T | undefined {
  return allowed.find((one) => one === value);
}
