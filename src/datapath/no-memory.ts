import { SluiceError } from '../diagnostics/problem.ts';
import { errno, SystemCallError } from '../kernel/index.ts';

const HELP =
  'What was in force before stays in force. While a policy replaces another, both take memory: free some, or raise the limit of the memory cgroup (memory.max); `sluice explain` shows what the maps of a policy take.';

/** Says what of a policy the kernel has no memory for, and what to do. */
export function explainMemory<T>(what: string, bytes: number | undefined, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof SystemCallError) || error.errno !== errno.ENOMEM) throw error;
    const size = bytes === undefined ? '' : `, ${Math.ceil(bytes / 2 ** 10).toLocaleString('en')} KiB`;
    const message = `the kernel has no memory for ${what}${size}: ${error.errnoName}`;
    throw new SluiceError({ code: 'datapath/no-memory', message, help: HELP }, { cause: error });
  }
}

export const isNoMemory = (error: unknown): boolean =>
  error instanceof SluiceError && error.problems.some(({ code }) => code === 'datapath/no-memory');
