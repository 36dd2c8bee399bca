import type { Problem } from '../../diagnostics/problem.ts';
import type { ErrorCode } from '../../diagnostics/registry.ts';
import type { Path, PolicyDocument } from '../parse/document.ts';

export interface ReportOptions {
  readonly help?: string | undefined;
  /** The key is wrong, not its value. */
  readonly part?: 'key' | 'value';
  readonly related?: readonly { readonly message: string; readonly path: Path }[];
}

/** Where the passes of the check put what they find, so that one run shows all of it. */
export interface Report {
  /** In the order of the file; those in other files last. */
  problems(): Problem[];
  error(code: ErrorCode, path: Path, message: string, options?: ReportOptions): void;
  warning(code: ErrorCode, path: Path, message: string, options?: ReportOptions): void;
  /** A problem with a place of its own, in another file. */
  add(problem: Problem): void;
}

export function createReport(document: PolicyDocument): Report {
  const problems: Problem[] = [];
  const add = (
    severity: 'error' | 'warning',
    code: ErrorCode,
    path: Path,
    message: string,
    options: ReportOptions = {},
  ) => {
    const { help, part, related } = options;
    problems.push({
      code,
      severity,
      message,
      place: document.place(path, part),
      ...(help !== undefined && { help }),
      ...(related && { related: related.map((one) => ({ message: one.message, place: document.place(one.path) })) }),
    });
  };
  return {
    problems: () => [...problems].sort((a, b) => position(a, document) - position(b, document)),
    error: (...problem) => add('error', ...problem),
    warning: (...problem) => add('warning', ...problem),
    add: (problem) => problems.push(problem),
  };
}

/** A number that grows with the place in the document. */
function position({ place }: Problem, { source }: PolicyDocument): number {
  return place?.source === source ? place.line * 2 ** 25 + place.column : Number.MAX_SAFE_INTEGER;
}
