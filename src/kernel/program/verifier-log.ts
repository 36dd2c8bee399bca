/** What a log of the kernel's verifier says, in short. */
export interface VerifierSummary {
  /** One or two of the verifier's own lines, joined: why the program was refused. Empty where the log does not tell. */
  readonly reason: string;
  /** The instruction slot that the verifier complains of: `slots[instruction]` of a linked program. */
  readonly instruction: number | undefined;
  /** That instruction as the log prints it: `r0 = *(u8 *)(r2 +0)`. */
  readonly text: string | undefined;
}

/** `12: (71) r0 = *(u8 *)(r2 +0)`, and in recent kernels the registers behind a semicolon. */
const instructionLine = /^(\d+): \([0-9a-f]{2}\) ([^;]*)/;

/** Lines about how the verifier got there. They may stand behind the reason. */
const noise: readonly RegExp[] = [
  /^\s*$/,
  /^\d+: /, // registers at an instruction
  /^from \d+ to \d+/,
  /^;/, // source lines
  /^\s*(?:R\d+|fp-?\d+|frame\d+)[_=:(]/, // registers
  /^(?:cur|old) state:/,
  /^(?:mark_precise|last_idx|first_idx|regs=|parent|propagating|processed|verification time|stack depth)/,
  /^(?:func#|Func#|Live regs|Validating|caller:|callee:|returning from|to caller|safe$|insn \d+ )/,
];

/** The lines that say an instruction by its number. */
const namedInstruction = /\binsn (\d+)/;

/** What is no instruction's fault: where the verifier gave up says nothing. */
const exhausted = /^BPF program is too large|is too complex/;

/** Written behind an instruction, on its line, when the walk comes back to it. */
const inLine = /^(\d+: .*?)\s(infinite loop detected at insn \d+)$/;

/**
 * Finds the reason in a verifier's log: its last one or two lines that are not about the verifier's way there. The
 * kernel has thousands of messages without a common form; each kind seen so far is pinned by a log in testdata/.
 */
export function summarizeVerifierLog(log: string): VerifierSummary {
  const lines = log.split('\n').flatMap((line) => inLine.exec(line)?.slice(1) ?? line.trimEnd());
  const reasons = lastReasons(lines);
  const reason = reasons.join('; ');
  if (exhausted.test(reason)) return { reason, instruction: undefined, text: undefined };
  const seen = instructions(lines);
  const named = namedInstruction.exec(reason)?.[1];
  const last = seen.at(-1);
  // What is refused before the walk has no instruction but the one that it names.
  const instruction = named === undefined ? last?.slot : Number(named);
  return { reason, instruction, text: seen.findLast(({ slot }) => slot === instruction)?.text };
}

function lastReasons(lines: readonly string[]): string[] {
  const isReason = (line: string) => !noise.some((pattern) => pattern.test(line));
  const last = lines.findLastIndex(isReason);
  if (last < 0) return [];
  const before = lines[last - 1];
  const both = before !== undefined && isReason(before) ? [before, lines[last]] : [lines[last]];
  return both.map((line) => (line ?? '').trim());
}

function instructions(lines: readonly string[]): { slot: number; text: string }[] {
  return lines.flatMap((line) => {
    const match = instructionLine.exec(line);
    return match === null ? [] : [{ slot: Number(match[1]), text: (match[2] ?? '').trim() }];
  });
}
