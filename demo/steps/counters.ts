import type { Show } from '../show.ts';
import type { Stage } from '../stage.ts';

export async function showCounters({ sluice }: Stage, show: Show): Promise<void> {
  show.step('Every rule counts', 'On the router: sluice rules');
  const color = show.paint('bold', ' ') === ' ' ? 'never' : 'always';
  const { stdout, stderr, status } = await sluice('rules', '--color', color);
  for (const line of (stdout || stderr).trimEnd().split('\n')) show.line(`   ${line}`);
  show.promise(status === 0, 'the counters can be read');
}
