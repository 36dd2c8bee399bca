import { mayBeNearlyFull, nearlyFull, readUse } from '../datapath/index.ts';
import { SluiceError } from '../diagnostics/problem.ts';
import type { DaemonContext } from './context.ts';

const LOOK_MS = 5_000;

/**
 * Warns when a table of connections is nearly full: once, and again when it was less in between. Ends with what it returns.
 */
export function watchConnections({ inForce, emit }: DaemonContext): () => void {
  let told = new Set<string>();

  function look(): void {
    const { enforcement, policy } = inForce;
    if (!enforcement || !policy?.connections) return;
    const room = { proven: policy.connections.size, unproven: policy.connections.unproven };
    const maps = (name: string) => enforcement.generation.maps.get('xdp', name);
    const problems = mayBeNearlyFull(maps, room) ? nearlyFull(readUse(maps, room)) : [];
    const fresh = problems.filter(({ message }) => !told.has(tableOf(message)));
    told = new Set(problems.map(({ message }) => tableOf(message)));
    if (fresh.length > 0) emit({ event: 'problems', problems: fresh });
  }

  const timer = setInterval(() => {
    try {
      look();
    } catch (error) {
      // A generation that goes closes its maps; the next look is at the one in its place.
      if (!(error instanceof SluiceError)) throw error;
    }
  }, LOOK_MS).unref();
  return () => clearInterval(timer);
}

/** Without how full it is. */
const tableOf = (message: string): string => message.split(' is ')[0] ?? message;
