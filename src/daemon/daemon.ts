import { join } from 'node:path';
import { type Problem, SluiceError } from '../diagnostics/problem.ts';
import type { Applied, ApplyRequest, DaemonStatus, Guarded, RollbackRequest } from './answers.ts';
import { changeMembers, type MembersRequest } from './change-members.ts';
import { createChanges, isInForce } from './changes.ts';
import { type DaemonContext, pendingNow, reverted, summaryOf } from './context.ts';
import type { DaemonEvent } from './events.ts';
import { type History, openHistory, revisionOf } from './history.ts';
import { createInForce } from './in-force.ts';
import { claimInstance } from './instance.ts';
import { describeLog } from './log-event.ts';
import { keepMemorySmall } from './memory.ts';
import type { Revision, RevisionSummary, Who } from './revision.ts';
import { startUp } from './start-up.ts';
import { putAside, stateFolder } from './state-folder.ts';
import { createTurns } from './turns.ts';
import { watchConnections } from './watch-connections.ts';
import { watchPins } from './watch-pins.ts';

export interface DaemonOptions {
  /** Of this network namespace's history; by default below /var/lib/sluice. */
  readonly stateDir?: string | undefined;
  /** Generic XDP, where the driver has native XDP too. */
  readonly generic?: boolean | undefined;
  onEvent?(event: DaemonEvent): void;
}

/** The daemon of the network namespace in which it was started. */
export interface Daemon {
  readonly socket: string;
  status(): DaemonStatus;
  /** @throws SluiceError with all that is wrong with the policy; daemon/unconfirmed, daemon/asker-gone; as `enforce` */
  apply(request: ApplyRequest, who: Who): Promise<Applied>;
  /** @throws SluiceError datapath/nothing-pending; apply/cuts-ssh where what was observed would cut a live connection */
  confirm(request: Guarded, who: Who): Promise<RevisionSummary>;
  /**
   * Without a number: what is pending is given up, else the revision before is in force again.
   * @throws SluiceError daemon/no-revision, daemon/unconfirmed, apply/cuts-ssh
   */
  rollback(request: RollbackRequest, who: Who): Promise<Applied>;
  /** Takes what is in force out of force: the interfaces that were freed. */
  down(who: Who): Promise<readonly string[]>;
  history(): { readonly revisions: readonly RevisionSummary[]; readonly problems: readonly Problem[] };
  revision(number: number): Revision;
  changeMembers(request: MembersRequest): Promise<number>;
  /** Ends the daemon. The kernel goes on enforcing. */
  close(): void;
}

/**
 * Makes this process the daemon of the thread's network namespace: adopts what is in force, or restores what was before
 * the machine started again.
 * @throws SluiceError daemon/already-running
 */
export function runDaemon({ stateDir, generic, onEvent = () => {} }: DaemonOptions): Daemon {
  const instance = claimInstance();
  const since = new Date();
  const folder = stateFolder(stateDir);
  const historyFolder = join(folder.path, 'history');
  let history = openHistory(historyFolder);
  if (folder.isReused && lastPlace(history) !== folder.place) {
    putAside(folder.path);
    history = openHistory(historyFolder);
  }
  const inTurn = createTurns();
  const inForce = createInForce({
    generic,
    overlay: join(folder.path, 'members'),
    onSet: (set, problems) => onEvent({ event: 'set', set, problems }),
    onLog: (event) => void describeLog(event).then(onEvent),
    onInterface: (change) => onEvent({ event: 'interface', ...change }),
    onEnd: () => reverted(context, 'expired'),
  });
  const context: DaemonContext = {
    history,
    inForce,
    place: folder.place,
    current: undefined,
    waiting: undefined,
    startProblems: [],
    emit: onEvent,
  };
  const starting = startUp(context);
  if (history.problems.length > 0) onEvent({ event: 'problems', problems: history.problems });

  const changes = createChanges(context, starting);
  const ending = [keepMemorySmall(), watchPins(context, inTurn), watchConnections(context)];
  return {
    socket: instance.socket,
    status() {
      starting.settle();
      const [revision, waiting, pending] = [
        summaryOf(context, context.current),
        summaryOf(context, context.waiting),
        pendingNow(context),
      ];
      return {
        pid: process.pid,
        since,
        stateDir: folder.path,
        ...(revision && isInForce(context) && { revision }),
        ...(waiting && { waiting }),
        ...(pending && { pending }),
        ...(pending?.kind === 'observation' && { differences: inForce.enforcement?.differences() ?? [] }),
        problems: [...context.startProblems, ...history.problems, ...inForce.problems],
      };
    },
    apply: (request, who) =>
      inTurn(() => changes.apply(request, who)).catch((error: unknown) => {
        // Nobody is there any more to be told.
        if (request.gone?.aborted && error instanceof SluiceError)
          onEvent({ event: 'problems', problems: error.problems });
        throw error;
      }),
    confirm: (request, who) => inTurn(() => changes.confirm(request, who)),
    rollback: (request, who) => inTurn(() => changes.rollback(request, who)),
    down: (who) => inTurn(() => changes.down(who)),
    history: () => ({ revisions: history.revisions, problems: history.problems }),
    revision: (number) => revisionOf(history, number),
    changeMembers: (request) => inTurn(() => changeMembers(inForce.enforcement, request)),
    close() {
      for (const end of ending) end();
      starting.stop();
      instance.release();
    },
  };
}

function lastPlace(history: History): string | undefined {
  const last = history.revisions.at(-1);
  return last && history.read(last.number)?.place;
}
