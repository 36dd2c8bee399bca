import type { Show } from '../show.ts';
import type { Stage } from '../stage.ts';

const PORT = 40007;

export async function showExplanation({ attacker, server, sluice, countedDuring }: Stage, show: Show): Promise<void> {
  const [from, to] = [attacker.address(4), server.address(4)];
  show.step(
    'Why was that dropped?',
    'The attacker tries once more, and the compiled policy is asked about that very packet.',
  );
  const counted = await countedDuring(['blocklist'], async () => {
    const args = ['-sS', '--max-time', '0.5', '--local-port', String(PORT), `http://${to}/`];
    const { status } = await attacker.exec('curl', args);
    show.outcome(
      status !== 0,
      'attacker',
      `curl --local-port ${PORT} http://${to}/`,
      status === 0 ? 'answered' : 'no answer',
    );
  });
  show.promise((counted[0]?.packets ?? 0) > 0, 'the block list has dropped it');

  const packet = `tcp ${from}:${PORT} > ${to}:80 flags=S`;
  const color = show.paint('bold', ' ') === ' ' ? 'never' : 'always';
  show.line(`   ${'router'.padEnd(9)} sluice ask edge.yaml '${packet}'\n`);
  const { stdout, stderr } = await sluice('ask', 'edge.yaml', packet, '--interface', 'eth1', '--color', color);
  for (const line of (stdout || stderr).trimEnd().split('\n')) show.line(line === '' ? '' : `   ${line}`);

  const answer = await sluice('ask', 'edge.yaml', packet, '--interface', 'eth1', '-o', 'json');
  const { verdict, rule } = JSON.parse(answer.stdout) as { readonly verdict: string; readonly rule: string | null };
  show.promise(verdict === 'drop' && rule === 'blocklist', 'the answer is the block list');
}
