import { SluiceError } from '../diagnostics/problem.ts';

/** One change at a time: what comes meanwhile waits, up to so many. */
const MOST_WAITING = 32;

/** Runs what it is given one after the other. */
export function createTurns(): <T>(action: () => T | Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return (action) => {
    if (waiting >= MOST_WAITING) {
      const message = `${waiting} changes wait for their turn already`;
      return Promise.reject(new SluiceError({ code: 'daemon/busy', message }));
    }
    waiting += 1;
    const turn = last.then(action, action).finally(() => {
      waiting -= 1;
    });
    last = turn;
    return turn;
  };
}
