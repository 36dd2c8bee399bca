import { type ApplyStep, type Enforcement, enforce } from '../../src/datapath/index.ts';
import { inNamespace } from '../../src/kernel/index.ts';
import { createPair, type LabHost, type LabProcess } from '../../src/lab/index.ts';
import { checkPolicy } from '../../src/policy/check.ts';
import type { CheckedPolicy } from '../../src/policy/checked.ts';
import { startFlooding } from '../../test/lab/flooding.ts';
import { mustRun } from '../peers/peer.ts';
import { type Sample, sampleOf } from '../results.ts';

/** Policies that take each other's place while a flood comes in and transfers go on. */
export interface SwapCost {
  readonly swaps: number;
  /** Frames of the flood, every one of which both policies drop. */
  readonly judged: number;
  /** Of them, those that came through: no policy judged them, or parts of both did. */
  readonly escaped: number;
  readonly transfers: number;
  readonly broken: number;
  /** Milliseconds from one policy to the other, compiled and verified. */
  readonly total: Sample;
  /** Of it, from the last moment that every packet is judged by the one before to the first that none is. */
  readonly swap: Sample;
}

/**
 * Both drop the flood, each in a stage where the other lets it pass: a packet that is judged by the first stage of one
 * and the second of the other comes through, and so does one that is judged by none.
 */
const policies = [
  `
version: 1
interfaces: [eth0]
ingress: { default: allow, rules: [{ name: late, protocol: udp, port: 9, action: drop }] }
`,
  `
version: 1
interfaces: [eth0]
prefilter: [{ name: early, protocol: udp, port: 9, action: drop }]
ingress: { default: allow, rules: [{ name: passed, protocol: udp, port: 9, action: allow }] }
`,
].map((text): CheckedPolicy => {
  const { policy, problems } = checkPolicy({ path: 'swap.yaml', text });
  if (!policy) throw new Error(problems.map(({ message }) => message).join('; '));
  return policy;
});

/** Behind XDP: sees what came through. */
const LEAKS = `
table inet leaks {
  chain prerouting {
    type filter hook prerouting priority -300;
    udp dport 9 counter
  }
}
`;

const TRANSFERS = 4;
/** Swaps that tell how long all will take, which the transfers are told. */
const TRIAL_SWAPS = 20;

export async function measureSwaps(swaps: number): Promise<SwapCost> {
  const lab = await createPair({ name: 'swaps' });
  try {
    const [client, host] = [lab.host('client'), lab.host('host')];
    await mustRun(host, 'nft', ['-f', '-'], LEAKS);
    const enforcement = inNamespace(host, () => enforce(policies[0] as CheckedPolicy));
    const servers = await Promise.all(ports().map((port) => serve(host, port)));
    const flood = await startFlooding({ from: client, to: host.address(4) });
    const trial = await swap(enforcement, TRIAL_SWAPS);
    const seconds = Math.ceil((Math.max(...trial.map(({ total }) => total)) * swaps) / 1000) + 5;
    const transfers = await Promise.all(ports().map((port) => transfer(client, host, port, seconds)));
    const times = await swap(enforcement, swaps);
    const statuses = await Promise.all(transfers.map(({ ended }) => ended));
    const judged = await flood.stop();
    const escaped = await leaked(host);
    enforcement.stop();
    await Promise.all(servers.map((server) => server.stop()));
    const broken = statuses.filter((status) => status !== 0).length;
    const sample = (what: keyof SwapTime): Sample => sampleOf(times.map((time) => time[what]));
    return { swaps, judged, escaped, transfers: TRANSFERS, broken, total: sample('total'), swap: sample('swap') };
  } finally {
    await lab.close();
  }
}

/** Milliseconds. */
interface SwapTime {
  readonly total: number;
  readonly swap: number;
}

async function swap(enforcement: Enforcement, count: number): Promise<SwapTime[]> {
  const times: SwapTime[] = [];
  for (let index = 1; index <= count; index++) {
    const at = new Map<ApplyStep | 'started', number>([['started', performance.now()]]);
    const onStep = (step: ApplyStep): void => void at.set(step, performance.now());
    enforcement.update(policies[index % 2] as CheckedPolicy, { onStep });
    const between = (from: ApplyStep | 'started', to: ApplyStep): number => (at.get(to) ?? 0) - (at.get(from) ?? 0);
    times.push({ total: between('started', 'settled'), swap: between('switch-attached', 'switched') });
    // The transfers' output wants to be read.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return times;
}

const ports = (): number[] => Array.from({ length: TRANSFERS }, (_, index) => 5201 + index);

async function serve(host: LabHost, port: number): Promise<LabProcess> {
  const server = await host.spawn('iperf3', ['--server', '--port', String(port), '--forceflush']);
  await server.printed('listening');
  return server;
}

const transfer = (client: LabHost, host: LabHost, port: number, seconds: number): Promise<LabProcess> =>
  client.spawn('iperf3', ['--client', host.address(4), '--port', String(port), '--time', String(seconds)]);

async function leaked(host: LabHost): Promise<number> {
  const { stdout } = await host.exec('nft', ['list', 'table', 'inet', 'leaks']);
  return Number(/counter packets (\d+)/.exec(stdout)?.[1] ?? Number.NaN);
}
