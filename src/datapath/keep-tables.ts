import { bootTimeNs } from '../kernel/index.ts';
import type { Built } from './built.ts';
import { isChanging } from './change.ts';
import { type TablesHandedOver, tablesBack } from './hand-tables-over.ts';
import type { Paths } from './paths.ts';
import type { EnforcementState } from './state.ts';
import { createConnectionSweeper } from './sweep-connections.ts';

/** What a process does for the tables of connections while it has a policy in force. */
export interface KeptTables {
  /** While a policy is on trial with tables of its own: the one before knows its connections when it is back. */
  watch(state: EnforcementState): void;
  close(): void;
}

export interface KeptTablesOptions {
  readonly paths: Paths;
  /** Whose programs write to the tables; undefined where it only observes. */
  judging(): Built | undefined;
}

const SWEEP_INTERVAL_MS = 1000;
/** How long a sweep holds up whatever else this process does, and how long that has before the next. */
const [SWEEP_MS, PAUSE_MS] = [5, 15];
/** So many times as long as it took to copy tables back, nothing is copied. */
const SHARE = 10;
/** A sweep that frees so many goes on soon: there is likely more. */
const MANY = 256;

export function keepTables({ paths, judging }: KeptTablesOptions): KeptTables {
  const sweeper = createConnectionSweeper();
  let back: TablesHandedOver | undefined;
  /** When packets go by the tables before again. */
  let endsAtNs = 0n;
  /** Not before that, so that large tables leave this process time for whatever else it does. */
  let backAtMs = 0;
  let timer = setTimeout(sweep, SWEEP_INTERVAL_MS).unref();

  function sweep(): void {
    if (back && performance.now() >= backAtMs) {
      const start = performance.now();
      back.pass(bootTimeNs() >= endsAtNs);
      const end = performance.now();
      backAtMs = end + SHARE * (end - start);
    }
    const built = judging();
    const maps = built?.policy.connections && built.generation.maps;
    const swept = maps && sweeper.sweep((name) => maps.get('xdp', name), SWEEP_MS);
    const isSoon = swept && !swept.isThrough && swept.freed >= MANY;
    timer = setTimeout(sweep, isSoon ? PAUSE_MS : SWEEP_INTERVAL_MS).unref();
  }

  function giveUp(): void {
    back?.close();
    back = undefined;
  }

  return {
    watch: (state) => {
      giveUp();
      if (!isChanging(state) || state.change.kind !== 'trial' || !state.settled) return;
      endsAtNs = BigInt(state.change.deadlineNs ?? 2n ** 63n);
      backAtMs = 0;
      back = tablesBack(paths, state.change.after, state.settled);
    },
    close: () => {
      clearTimeout(timer);
      giveUp();
    },
  };
}
