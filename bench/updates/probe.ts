import type { Lab, LabProcess } from '../../src/lab/index.ts';

/** UDP to this port of the host is what the rule that comes and goes is about. */
export const PROBE_PORT = 9;

/** Datagrams from client to host, one each millisecond, and when they begin and cease to arrive. */
export interface Probe {
  /** Resolves with when the first datagram has arrived since none did, on `performance.now()`'s clock. */
  begun(): Promise<number>;
  /** Resolves with when the last one did, some time after it. */
  ceased(): Promise<number>;
  close(): Promise<void>;
}

const QUIET_MS = 150;
/** A change of a hundred thousand rules may take tens of seconds. */
const PATIENCE_MS = 180_000;

/** Real traffic through real sockets: what is timed is what a user's packets meet. */
export async function startProbe(lab: Lab): Promise<Probe> {
  const host = lab.host('host');
  const receiver = await host.spawn(process.execPath, ['--eval', receiverText]);
  await receiver.printed('ready');
  const sender = await lab.host('client').spawn(process.execPath, ['--eval', senderText(host.address(4))]);
  let seen = 0;
  return {
    begun: () => next('begun'),
    ceased: () => next('ceased'),
    async close() {
      await Promise.all([sender.stop(), receiver.stop()]);
    },
  };

  async function next(event: 'begun' | 'ceased'): Promise<number> {
    const line = await nextLine(receiver, seen++);
    const [, name, nanoseconds] = /^(\w+) (\d+)$/.exec(line) ?? [];
    if (name !== event) throw new Error(`the probe says "${line}", not that its datagrams have ${event}`);
    return Number(BigInt(nanoseconds ?? 0)) / 1e6 - originMs;
  }
}

/** Where `performance.now()` is 0 on the clock of `process.hrtime`, which all processes share. */
const originMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

async function nextLine(process: LabProcess, lines: number): Promise<string> {
  // The first line says that it is ready.
  const line = new RegExp(`^(?:.*\n){${lines + 2}}`);
  await process.printed(line, PATIENCE_MS);
  return process.output().stdout.split('\n')[lines + 1] as string;
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
