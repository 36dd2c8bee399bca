import { formatCount } from '../../src/cli/output/numbers.ts';
import type { Show } from '../show.ts';
import type { Stage } from '../stage.ts';

const PORTS = 1024;
/** Of the server: what the policy lets pass, and what is rejected, is not silent. */
const answering = { 23: 'closed', 80: 'open', 443: 'closed' } as const;

export async function showScan({ attacker, server, countedDuring }: Stage, show: Show): Promise<void> {
  show.step(
    'A scan finds silence',
    'The attacker is no administrator. What no rule allows is dropped; telnet is rejected with a reset,',
    'which XDP sends.',
  );
  const counted = await countedDuring(['default-ingress', 'no-telnet', 'web'], async () => {
    for (const family of [4, 6] as const) {
      const address = server.address(family);
      const ssh = await attacker.exec('nc', ['-z', '-w', '1', address, '22']);
      show.outcome(ssh.status !== 0, 'attacker', `nc -z ${address} 22`, ssh.status === 0 ? 'connected' : 'no answer');

      const started = performance.now();
      const telnet = await attacker.exec('nc', ['-zv', '-w', '5', address, '23']);
      const milliseconds = Math.ceil(performance.now() - started);
      const refused = telnet.stderr.includes('refused');
      const result = refused ? `connection refused, in ${milliseconds} ms` : telnet.stderr.trim() || 'no answer';
      show.outcome(refused, 'attacker', `nc -z ${address} 23`, result);
    }

    const scan = await attacker.exec('nmap', [
      ...['-n', '-Pn', '-sS', '-p', `1-${PORTS}`, '--min-rate', '2000', '--max-retries', '1', '-oG', '-'],
      server.address(4),
    ]);
    const { filtered, others } = portsOf(scan.stdout);
    const answers = Object.entries(others).map(([port, state]) => `${port} ${state}`);
    const asPromised = filtered === PORTS - 3 && JSON.stringify(others) === JSON.stringify(answering);
    const result = `${formatCount(filtered)} silent; ${answers.join(', ') || scan.stderr.trim()}`;
    show.outcome(asPromised, 'attacker', `nmap -p 1-${PORTS} ${server.address(4)}`, result);
  });
  show.verdicts(counted);
  show.promise(counted.length === 3 && counted.every(({ packets }) => packets > 0), 'each of the three has decided');
}

interface Ports {
  /** How many gave no answer at all. */
  readonly filtered: number;
  /** States by port. */
  readonly others: Readonly<Record<string, string>>;
}

/** From nmap's "grepable" output: `Ports: 23/closed/tcp//telnet///, … Ignored State: filtered (1021)`. */
function portsOf(output: string): Ports {
  const filtered = Number(/Ignored State: filtered \((\d+)\)/.exec(output)?.[1] ?? 0);
  const list = /Ports: ([^\t\n]*)/.exec(output)?.[1] ?? '';
  const others = [...list.matchAll(/(\d+)\/([a-z|]+)\//g)].map(([, port = '', state = '']) => [port, state] as const);
  return { filtered, others: Object.fromEntries(others) };
}
