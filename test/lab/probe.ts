import type { LabHost } from '../../src/lab/index.ts';

/** What becomes of one attempt to reach a port: an answer, the errno that the socket tells, or nothing at all. */
export type Outcome = 'answer' | 'silence' | 'ECONNREFUSED' | 'EHOSTUNREACH' | (string & {});

/** How long nothing at all has to come to be called silence. Traffic on a machine that is busy takes a few ms. */
const SILENCE_MS = 1_000;

/** Tries all targets at once, as `tcp 192.0.2.10 80`. UDP sends one datagram, and is answered by an echo server. */
export async function probe(from: LabHost, targets: readonly string[]): Promise<Record<string, Outcome>> {
  const { stdout, stderr } = await from.exec(process.execPath, ['--eval', program, '--', ...targets]);
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Record<string, Outcome>;
}

const program = `
  const attempts = {
    tcp: (address, port, done) => {
      const socket = require('node:net').connect({ host: address, port });
      socket.on('connect', () => done('answer')).on('error', ({ code }) => done(code));
    },
    udp: (address, port, done) => {
      const socket = require('node:dgram').createSocket(address.includes(':') ? 'udp6' : 'udp4');
      socket.on('message', () => done('answer')).on('error', ({ code }) => done(code));
      socket.connect(port, address, () => socket.send('is anyone there?'));
    },
  };
  const attempt = (target) =>
    new Promise((done) => {
      const [protocol, address, port] = target.split(' ');
      setTimeout(done, ${SILENCE_MS}, 'silence');
      attempts[protocol](address, Number(port), done);
    });
  const targets = process.argv.slice(1);
  Promise.all(targets.map(attempt)).then((outcomes) => {
    console.log(JSON.stringify(Object.fromEntries(targets.map((target, i) => [target, outcomes[i]]))));
    process.exit();
  });
`;

/** The outcomes of `probe` for targets given without address (`tcp 80`), at the addresses of both families. */
export async function probeBoth(
  from: LabHost,
  to: LabHost,
  targets: readonly string[],
): Promise<Record<string, Record<4 | 6, Outcome>>> {
  const at = (target: string, family: 4 | 6): string => target.replace(' ', ` ${to.address(family)} `);
  const outcomes = await probe(
    from,
    targets.flatMap((target) => [at(target, 4), at(target, 6)]),
  );
  const outcome = (target: string, family: 4 | 6): Outcome => outcomes[at(target, family)] ?? '';
  return Object.fromEntries(targets.map((target) => [target, { 4: outcome(target, 4), 6: outcome(target, 6) }]));
}

/** The same in both families. */
export const both = (outcome: Outcome): Record<4 | 6, Outcome> => ({ 4: outcome, 6: outcome });
