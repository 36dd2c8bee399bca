import { readFileSync } from 'node:fs';
import { inNamespace } from '../src/kernel/index.ts';
import { createFlood, createPair, type Flood, type Lab, type LabHost } from '../src/lab/index.ts';
import type { Peer, TearDown } from './peers/peer.ts';

/** A peer in force in a lab of its own, or why it is not. */
export interface Contestant {
  readonly peer: Peer;
  readonly unavailable?: string;
  readonly lab: Lab;
  readonly flood: Flood;
  readonly tearDown?: TearDown | undefined;
}

const ROUND_SECONDS = 0.4;

/** Sets up the peer; one that this machine cannot run is a contestant too, with the reason. */
export async function enterContest(peer: Peer, createFloodOn = floodOn): Promise<Contestant> {
  const lab = await createPair({ name: 'bench' });
  const host = lab.host('host');
  const flood = createFloodOn(lab);
  try {
    return { peer, lab, flood, tearDown: await peer.setUp(host) };
  } catch (error) {
    return { peer, lab, flood, unavailable: error instanceof Error ? error.message : String(error) };
  }
}

const floodOn = (lab: Lab): Flood => createFlood({ from: lab.host('client'), to: lab.host('host').address(4) });

export async function leaveContest({ lab, flood, tearDown }: Contestant): Promise<void> {
  try {
    await tearDown?.();
  } finally {
    flood.close();
    await lab.close();
  }
}

/**
 * Drop rates of all, packets a second, a round each in turn, so that what else the machine does hits all alike.
 * Counted is what the receiving interface took in; frames that its full queue never took do not count.
 * Throws where frames got past a peer: it would win by doing nothing.
 */
export function dropRates(contestants: readonly Contestant[], rounds: number): Map<string, number[]> {
  const counts = new Map(contestants.map((contestant) => [contestant.peer.id, calibrate(contestant)]));
  const rates = new Map<string, number[]>(contestants.map(({ peer }) => [peer.id, []]));
  for (let round = 0; round < rounds; round++) {
    for (const contestant of contestants) {
      const { id } = contestant.peer;
      const { received, seconds } = sendRound(contestant, counts.get(id) ?? 0);
      rates.get(id)?.push(received / seconds);
    }
  }
  for (const { peer, lab } of contestants) {
    const passed = deliveredToSockets(lab.host('host'));
    if (passed > 0) throw new Error(`${peer.title}: ${passed} frames of the flood were not dropped`);
  }
  return rates;
}

/** How many frames make a round. The faster of two tries tells, since either may meet with a hiccup. */
function calibrate(contestant: Contestant): number {
  for (let count = 1_000; ; count *= 8) {
    const seconds = Math.min(sendRound(contestant, count).seconds, sendRound(contestant, count).seconds);
    if (seconds > ROUND_SECONDS / 10) return Math.ceil((count * ROUND_SECONDS) / seconds);
  }
}

/** So few that what they take is what the call takes by itself: the kernel makes and frees pools of pages, 30 ms. */
const NEXT_TO_NONE = 64;

function sendRound({ flood, lab }: Contestant, count: number): { received: number; seconds: number } {
  const host = lab.host('host');
  const callSeconds = flood.send(NEXT_TO_NONE);
  const before = receivedBy(host);
  const seconds = flood.send(count) - callSeconds;
  return { received: receivedBy(host) - before, seconds };
}

/** Frames that the driver took from its receive queue on eth0, whatever became of them. */
function receivedBy(host: LabHost): number {
  const devices = inNamespace(host, () => readFileSync('/proc/thread-self/net/dev', 'utf8'));
  const [, received] = /^ *eth0: *\d+ +(\d+)/m.exec(devices) ?? [];
  return Number(received);
}

/** UDP datagrams that came through to the transport layer, to a socket or to none. */
function deliveredToSockets(host: LabHost): number {
  const counters = inNamespace(host, () => readFileSync('/proc/thread-self/net/snmp', 'utf8'));
  const [, inDatagrams, noPorts] = /^Udp: (\d+) (\d+)/m.exec(counters) ?? [];
  return Number(inDatagrams) + Number(noPorts);
}
