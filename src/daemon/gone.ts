import { setImmediate } from 'node:timers/promises';
import { SluiceError } from '../diagnostics/problem.ts';

/** The end of a connection is read in one turn of the event loop, told in another, and acted upon in a third. */
const TURNS = 4;

/**
 * Asks whether who asked is still there, before what cannot be taken back: a Ctrl-C or a terminal that is lost means "stop".
 * The loop is let run, for the work before kept it from reading.
 * @throws SluiceError daemon/asker-gone
 */
export async function requireAsker(gone: AbortSignal | undefined): Promise<void> {
  for (let turn = 0; gone && !gone.aborted && turn < TURNS; turn++) await setImmediate();
  if (!gone?.aborted) return;
  throw new SluiceError({
    code: 'daemon/asker-gone',
    message: 'who asked for the change has gone before it was in force: it is given up, and nothing has changed',
  });
}
