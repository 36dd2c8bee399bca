import { type DaemonCost, measureDaemon } from './daemon.ts';
import { measureSwaps, type SwapCost } from './swaps.ts';

/** What it costs to change a policy, and what a change costs others. */
export interface LifeResults {
  readonly swaps: SwapCost;
  readonly daemon: DaemonCost;
}

const SWAPS = 1_000;

export async function measureLife(say: (text: string) => void): Promise<LifeResults> {
  const daemon = await measureDaemon();
  say(`1,000 rules applied: ${daemon.apply.total.median} ms, of it the swap ${daemon.apply.swap.median} ms`);
  const swaps = await measureSwaps(SWAPS);
  say(`${swaps.swaps} swaps: ${swaps.escaped} of ${swaps.judged} frames escaped, ${swaps.broken} transfers broken`);
  return { swaps, daemon };
}

/** A table for pages. */
export function lifeTable({ swaps, daemon }: LifeResults): string {
  const count = (value: number): string => value.toLocaleString('en');
  const ms = ({ median, min, max }: { median: number; min: number; max: number }): string =>
    `${median} ms (${min} to ${max})`;
  return `| | |
| --- | --- |
| ${count(swaps.swaps)} swaps in a row, a flood coming in: frames judged | ${count(swaps.judged)} |
| of them, those that neither policy judged, or parts of both | ${count(swaps.escaped)} |
| TCP transfers meanwhile, and how many broke | ${swaps.transfers}, ${swaps.broken} |
| a swap, under that load, compiled and verified | ${ms(swaps.total)} |
| apply of 1,000 rules through the daemon | ${ms(daemon.apply.total)} |
| of it, the swap of all hooks | ${ms(daemon.apply.swap)} |
| a member added to a set through the daemon | ${ms(daemon.member)}, 99 in 100 at most ${daemon.memberP99} ms |
| an unconfirmed apply, from its deadline to the policy before, daemon killed | ${ms(daemon.deadline)} |
| the daemon idle | ${daemon.idle.cpuPercent} % of a CPU, ${daemon.idle.residentMb} MB resident |`;
}
