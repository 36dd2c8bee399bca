import type { CheckedPolicy, InterfaceMatch } from './checked.ts';
import { matchesInterface } from './interface-pattern.ts';
import { allRules } from './rule-place.ts';
import { interfaceKey } from './tests-key.ts';

/**
 * What rules ask about interfaces, as generated code asks it. An interface has a class: which of the questions are true of
 * its name. Code knows questions and no interface, so that one may appear, go, and be renamed, and no code changes: what
 * admits it to the generation works its class out and writes it down.
 *
 * The map `interface_classes` has a row of bits for each class, one bit a question; row 0 has none set and is for what no
 * question is true of. The map `interfaces` says which class an interface has; bpf/lib/interfaces.h looks there once a packet.
 */
export interface InterfaceTable {
  /** Each question once; where it stands here is its bit. */
  readonly questions: readonly InterfaceMatch[];
  /** Rows; a power of two. */
  readonly classes: number;
  readonly rowBytes: number;
  bitOf(match: InterfaceMatch): number;
}

/** No host is likely to have more kinds of interfaces than this, and every question has a bit for each. */
const MOST_CLASSES = 4096;

export function createInterfaceTable(policy: CheckedPolicy): InterfaceTable {
  return interfaceTable(allRules(policy).flatMap(({ match }) => match.interface ?? []));
}

/** Of questions, of which some may be asked more than once. */
export function interfaceTable(asked: readonly InterfaceMatch[]): InterfaceTable {
  const questions = [...new Map(asked.map((match) => [interfaceKey(match), match])).values()];
  const bits = new Map(questions.map((match, bit) => [interfaceKey(match), bit]));
  const classes = questions.length > Math.log2(MOST_CLASSES) ? MOST_CLASSES : 2 ** questions.length;
  return {
    questions,
    classes,
    rowBytes: Math.max(1, Math.ceil(questions.length / 8)),
    bitOf: (match) => bits.get(interfaceKey(match)) as number,
  };
}

/** The row of an interface's class, by its name. */
export function classRow({ questions, rowBytes }: InterfaceTable, name: string): Uint8Array {
  const row = new Uint8Array(rowBytes);
  for (const [bit, question] of questions.entries()) {
    if (matchesInterface(question, name)) row[bit >> 3] = (row[bit >> 3] as number) | (1 << (bit & 7));
  }
  return row;
}
