import type { ErrorCode } from './registry.ts';
import type { SourceText } from './source.ts';

/** Where in a file a problem is. Line and column from 1, `length` in UTF-16 units, 0 where only the line is known. */
export interface Place {
  readonly source: SourceText;
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

/** One thing that is wrong: its code in the registry, a sentence, where it is, and what to do. */
export interface Problem {
  readonly code: ErrorCode;
  /** `error` where left out. */
  readonly severity?: 'error' | 'warning';
  /** What is wrong, naming the value: `set "admin" is not defined`. Context first, no full stop. */
  readonly message: string;
  readonly place?: Place;
  /** What to do about it, for this very case; the registry's general help is used where this is left out. */
  readonly help?: string;
  /** Other places that have to do with it, each with what is there: `first used here`. */
  readonly related?: readonly { readonly message: string; readonly place: Place }[];
}

/** The one error that Sluice throws on purpose: one or more problems, each with a code that docs/errors.md explains. */
export class SluiceError extends Error {
  override readonly name = 'SluiceError';
  readonly problems: readonly Problem[];

  constructor(problems: Problem | readonly Problem[], options?: ErrorOptions) {
    const list = 'code' in problems ? [problems] : problems;
    super(list.map((problem) => problem.message).join('; '), options);
    this.problems = list;
  }
}
