import { SluiceError } from '../../diagnostics/problem.ts';
import { errnoName } from '../system/errno.ts';
import { summarizeVerifierLog } from './verifier-log.ts';

/** The verifier does not accept a program. The message has its reason; the whole log is here. */
export class VerifierError extends SluiceError {
  /** As given to loadProgram. */
  readonly program: string;
  readonly reason: string;
  /** All that the verifier wrote; empty where it wrote nothing. */
  readonly log: string;
  /** The instruction slot that the verifier complains of, where the log names one. */
  readonly instruction: number | undefined;
  readonly errno: number;

  constructor(program: string, errno: number, log: string, reason?: string) {
    const summary = summarizeVerifierLog(log);
    const why = reason ?? (summary.reason === '' ? errnoName(errno) : summary.reason);
    const at = summary.instruction === undefined ? '' : ` at instruction ${summary.instruction}`;
    const text = summary.text === undefined ? '' : ` (${summary.text})`;
    super({
      code: 'kernel/verifier-refusal',
      message: `program "${program}" is refused by the verifier${at}${text}: ${why}`,
    });
    this.program = program;
    this.reason = why;
    this.log = log;
    this.instruction = summary.instruction;
    this.errno = errno;
  }
}
