import { type Problem, SluiceError } from '../../diagnostics/problem.ts';
import { errors } from '../../diagnostics/registry.ts';
import { renderProblems } from '../../diagnostics/render.ts';
import { type OutputForm, renderAnswer } from './answer.ts';

/** A problem as data: what programs that call Sluice read. */
export interface ProblemData {
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
  readonly help: string;
}

export function problemData({ code, severity = 'error', message, place, help }: Problem): ProblemData {
  return {
    code,
    severity,
    message,
    file: place?.source.path ?? null,
    line: place?.line ?? null,
    column: place?.column ?? null,
    help: help ?? errors[code].help,
  };
}

/** Problems as they are written to standard error, in the form that was asked for. */
export function problemsText(problems: readonly Problem[], form: OutputForm, color: boolean): Promise<string> {
  const items = problems.map(problemData);
  const answer = { data: { problems: items }, items, text: () => renderProblems(problems, { color }) };
  return renderAnswer(answer, form, (_style, text) => text);
}

/** What is wrong, of whatever was thrown. What Sluice did not throw on purpose is a mistake in Sluice. */
export function problemsOf(error: unknown): readonly Problem[] {
  if (error instanceof SluiceError) return error.problems;
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return [{ code: 'internal/bug', message: message.replace(/\s+/g, ' ') }];
}
