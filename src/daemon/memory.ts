import * as v8 from 'node:v8';
import { trimMemory } from '../kernel/index.ts';

/** Long enough for whoever waits for the answer to have it. */
const REST_MS = 500;

/**
 * Gives the memory that a compilation took back to the machine some moments later: a daemon that does nothing for days
 * would keep it, since V8 collects only while it allocates.
 */
export function createMemoryTrimmer(): () => void {
  let timer: NodeJS.Timeout | undefined;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(trim, REST_MS).unref();
  };
}

/**
 * Counting objects is what Node offers that has V8 collect all and shrink its heap; a plain collection leaves the space
 * for new objects as large as a compilation made it, some 30 MB. Node 20.13.
 */
function trim(): void {
  const { queryObjects } = v8 as unknown as { readonly queryObjects?: (of: unknown) => number };
  if (queryObjects) withoutWarnings(() => queryObjects(function nothing() {}));
  trimMemory();
}

/** Node says of it that it may change: then a daemon takes more memory. */
function withoutWarnings(action: () => void): void {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    action();
  } finally {
    process.emitWarning = emitWarning;
  }
}
