import { setTimeout } from 'node:timers/promises';
import type { Lab, LabProcess } from '../../src/lab/index.ts';

/** UDP to this port of the host is what the rule that comes and goes is about. */
export const PROBE_PORT = 9;

/** Datagrams from client to host, one each millisecond, and when they arrive: times on `performance.now()`'s clock. */
export interface Probe {
  /** Resolves with when the first one arrived that came after `time` and a pause. */
  firstAfter(time: number): Promise<number>;
  /** Resolves with when the last one arrived, once it has been the last for a while. */
  last(): Promise<number>;
  close(): Promise<void>;
}

/** A pause. A machine that is busy makes shorter ones, and now and then a longer one: none of them ends a measurement. */
const QUIET_MS = 150;
const POLL_MS = 10;
/** A change of a hundred thousand rules may take tens of seconds. */
const PATIENCE_MS = 180_000;

/** Real traffic through real sockets: what is timed is what a user's packets meet. */
export async function startProbe(lab: Lab): Promise<Probe> {
  const host = lab.host('host');
  const receiver = await host.spawn(process.execPath, ['--eval', receiverText]);
  await receiver.printed('ready');
  const sender = await lab.host('client').spawn(process.execPath, ['--eval', senderText(host.address(4))]);
  return {
    firstAfter: (time) =>
      poll(() => eventsOf(receiver).find(({ event, at }) => event === 'begun' && at >= time)?.at, 'begin to'),
    last: () =>
      poll(() => {
        const last = eventsOf(receiver).at(-1);
        return last?.event === 'ceased' ? last.at : undefined;
      }, 'cease to'),
    async close() {
      await Promise.all([sender.stop(), receiver.stop()]);
    },
  };
}

interface ProbeEvent {
  readonly event: string;
  readonly at: number;
}

function eventsOf(receiver: LabProcess): ProbeEvent[] {
  const lines = receiver.output().stdout.matchAll(/^(begun|ceased) (\d+)\n/gm);
  return [...lines].map(([, event = '', nanoseconds = '0']) => ({ event, at: Number(nanoseconds) / 1e6 - originMs }));
}

/** Where `performance.now()` is 0 on the clock of `process.hrtime`, which all processes share. */
const originMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

async function poll(look: () => number | undefined, what: string): Promise<number> {
  for (const started = performance.now(); performance.now() - started < PATIENCE_MS; ) {
    const found = look();
    if (found !== undefined) return found;
    await setTimeout(POLL_MS);
  }
  throw new Error(`the probe's datagrams did not ${what} arrive`);
}

const receiverText = `
  const socket = require('node:dgram').createSocket('udp4');
  let last = 0n;
  let flowing = false;
  const say = (event, time) => console.log(event, String(time));
  socket.on('message', () => {
    last = process.hrtime.bigint();
    if (!flowing) say('begun', last);
    flowing = true;
  });
  setInterval(() => {
    if (!flowing || process.hrtime.bigint() - last < ${QUIET_MS}_000_000n) return;
    flowing = false;
    say('ceased', last);
  }, 20);
  socket.bind(${PROBE_PORT}, () => console.log('ready'));
`;

const senderText = (address: string): string => `
  const socket = require('node:dgram').createSocket('udp4');
  setInterval(() => socket.send('.', ${PROBE_PORT}, '${address}'), 1);
`;
