import type { LabHost } from '../../src/lab/index.ts';
import type { Show } from '../show.ts';
import type { Stage } from '../stage.ts';

/** An address as it stands in a URL. */
export const inUrl = (address: string): string => (address.includes(':') ? `[${address}]` : address);

export async function showRequests({ client, server, countedDuring }: Stage, show: Show): Promise<void> {
  show.step('Requests pass', 'The client, who is an administrator, asks the server through the router.');
  const counted = await countedDuring(['web', 'ping', 'ssh'], async () => {
    for (const family of [4, 6] as const) await request(client, server.address(family), show);
  });
  show.verdicts(counted);
  show.promise(counted.length === 3 && counted.every(({ packets }) => packets > 0), 'all three rules were hit');
}

async function request(client: LabHost, address: string, show: Show): Promise<void> {
  const url = `http://${inUrl(address)}/`;
  const page = await client.exec('curl', ['-sS', '--max-time', '5', url]);
  show.outcome(page.status === 0, 'client', `curl ${url}`, firstLine(page.stdout || page.stderr));

  const ping = await client.exec('ping', ['-c', '3', '-i', '0.1', '-W', '2', address]);
  const [, sent = '', received = ''] = /(\d+) packets transmitted, (\d+) received/.exec(ping.stdout) ?? [];
  show.outcome(
    ping.status === 0 && sent === received,
    'client',
    `ping -c 3 ${address}`,
    `${received} of ${sent} answered`,
  );

  const { status } = await client.exec('nc', ['-z', '-w', '5', address, '22']);
  show.outcome(status === 0, 'client', `nc -z ${address} 22`, status === 0 ? 'connected' : 'no connection');
}

const firstLine = (text: string): string => text.trim().split('\n')[0] ?? '';
