import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Long enough for whoever waits for the answer to have it. */
const REST_MS = 500;

/**
 * Gives the memory that a compilation took back to the machine: a daemon that does nothing for days would keep it, since
 * V8 collects only while it allocates.
 */
export function createMemoryTrimmer(): () => void {
  let timer: NodeJS.Timeout | undefined;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(collect, REST_MS).unref();
  };
}

function collect(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
