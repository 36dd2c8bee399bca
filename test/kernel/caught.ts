import { SluiceError } from '../../src/diagnostics/problem.ts';

/** The SluiceError that `action` throws. */
export function caught(action: () => unknown): SluiceError {
  try {
    action();
  } catch (error) {
    if (error instanceof SluiceError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
