import * as v8 from 'node:v8';
import { trimMemory } from '../kernel/index.ts';

const LOOK_MS = 5_000;
/** Bytes of V8's heap: what is used moves less than this while nothing is asked, and more when there is something to give back. */
const AT_REST = 3 << 20;
const WORTH_IT = 8 << 20;

/**
 * Gives memory that a compilation or many requests took back to the machine when they are over: a daemon that does
 * nothing for days would keep it, since V8 collects only while it allocates. Ends with what it returns.
 */
export function keepMemorySmall(): () => void {
  let used = 0;
  let isWorthIt = false;
  const timer = setInterval(() => {
    const before = used;
    used = v8.getHeapStatistics().used_heap_size;
    const moved = Math.abs(used - before);
    if (moved > WORTH_IT) isWorthIt = true;
    if (!isWorthIt || moved > AT_REST) return;
    isWorthIt = false;
    trim();
    used = v8.getHeapStatistics().used_heap_size;
  }, LOOK_MS).unref();
  return () => clearInterval(timer);
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
