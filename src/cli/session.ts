import type { Problem } from '../diagnostics/problem.ts';
import { type Answer, type OutputForm, renderAnswer } from './output/answer.ts';
import { problemsText } from './output/problems.ts';
import { createPaint, type Paint } from './output/style.ts';

/** 0: fine. 1: the answer is no, or there is none. 2: wrong use. */
export type ExitCode = 0 | 1 | 2;

/** How the user wants to be talked to. */
export interface Presentation {
  readonly output?: OutputForm;
  readonly color?: 'auto' | 'always' | 'never';
}

/** Where a command prints. */
export interface Session {
  readonly form: OutputForm;
  /** Styles for standard output. */
  readonly paint: Paint;
  /** Whether standard output is a terminal, where lines can be painted over. */
  readonly interactive: boolean;
  /** Columns of standard output's terminal; 100 where it is none. */
  readonly width: number;
  print(answer: Answer): Promise<void>;
  /** Writes to standard output and lets events come in: a reader that went away ends the process. */
  write(text: string): Promise<void>;
  /** Problems in the form and colours of standard output, for a command that draws on a terminal. */
  describe(problems: readonly Problem[]): Promise<string>;
  /** Writes problems to standard error. */
  complain(problems: readonly Problem[]): Promise<void>;
}

export function createSession({ output: form = 'table', color = 'auto' }: Presentation): Session {
  const { stdout, stderr } = process;
  const paint = createPaint(hasColor(color, stdout));
  const write = async (text: string): Promise<void> => {
    if (text === '') return;
    if (!stdout.write(text)) await new Promise((resolve) => stdout.once('drain', resolve));
    await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    form,
    paint,
    interactive: stdout.isTTY === true,
    width: stdout.columns ?? 100,
    print: async (answer) => write(await renderAnswer(answer, form, paint)),
    write,
    describe: (problems) => problemsText(problems, form, hasColor(color, stdout)),
    async complain(problems) {
      if (problems.length > 0) stderr.write(await problemsText(problems, form, hasColor(color, stderr)));
    },
  };
}

/** NO_COLOR (no-color.org) and terminals that have none are heeded, unless the user says otherwise. */
function hasColor(color: NonNullable<Presentation['color']>, stream: NodeJS.WriteStream): boolean {
  if (color !== 'auto') return color === 'always';
  const { NO_COLOR: refused, TERM: terminal } = process.env;
  return stream.isTTY === true && !refused && terminal !== 'dumb';
}

/** `sluice … | head` is no error: whoever reads has seen enough. */
export function endQuietlyWithoutReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit();
      throw error;
    });
  }
}
