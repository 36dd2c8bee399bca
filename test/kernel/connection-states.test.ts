import { expect, test } from 'vitest';
import { openRehearsal } from '../../src/datapath/rehearsal.ts';
import { stateNames } from '../../src/generated/abi.ts';
import { type Address, parseAddress } from '../../src/packet/address.ts';
import { buildFrame } from '../../src/packet/build.ts';
import { Protocol } from '../../src/packet/headers.ts';
import { policyOf } from '../policy-of.ts';

const policy = policyOf(`version: 1
interfaces: [eth0]
connections: {}
ingress:
  default: drop
  rules:
    - { name: ssh, action: allow, protocol: tcp, port: 22 }
egress:
  default: drop
  rules:
    - { name: web, action: allow, protocol: tcp, port: 443 }
`);

const [SYN, ACK] = [0x02, 0x10];
const START_MS = Date.UTC(2026, 0, 1);
const client = { address: parseAddress('198.51.100.7') as Address, port: 40_000 };
const server = { address: parseAddress('192.0.2.10') as Address, port: 22 };

interface Sent {
  readonly from: 'client' | 'server';
  readonly flags: number;
  readonly sequence: number;
  readonly acknowledges?: number;
  readonly atMs: number;
}

function segment({ from, flags, sequence, acknowledges = 0 }: Sent): Uint8Array {
  const [source, destination] = from === 'client' ? [client, server] : [server, client];
  const frame = buildFrame({
    protocol: Protocol.TCP,
    src: source.address,
    dst: destination.address,
    srcPort: source.port,
    dstPort: destination.port,
    tcpFlags: flags,
  });
  const view = new DataView(frame.buffer, frame.byteOffset);
  view.setUint32(38, sequence);
  view.setUint32(42, acknowledges);
  return frame;
}

const handshake: readonly Sent[] = [
  { from: 'client', flags: SYN, sequence: 1000, atMs: 0 },
  { from: 'server', flags: SYN | ACK, sequence: 5000, acknowledges: 1001, atMs: 100 },
  { from: 'client', flags: ACK, sequence: 1001, acknowledges: 5001, atMs: 200 },
];

/** The state of each packet, and what becomes of it. */
function passing(packets: readonly Sent[]): string[] {
  using rehearsal = openRehearsal(policy, { track: true });
  return packets.map((sent) => {
    const direction = sent.from === 'client' ? 'ingress' : 'egress';
    const { verdict } = rehearsal.judge(segment(sent), { direction, timeMs: START_MS + sent.atMs });
    const { state } = rehearsal.packet();
    return `${stateNames[state]} ${verdict}`;
  });
}

test('a handshake establishes a connection, and its packets ask no rule', () => {
  expect(passing(handshake)).toEqual(['new allow', 'established allow', 'established allow']);
});

test('a clock that goes back ends no connection: the last packet may have come a jiffy later on another CPU', () => {
  const back = { from: 'server', flags: ACK, sequence: 5001, acknowledges: 1001 } as const;
  const packets = [...handshake, { ...back, atMs: 150 }, { ...back, atMs: -3_600_000 }, { ...back, atMs: 300 }];
  expect(passing(packets).slice(3)).toEqual(Array(3).fill('established allow'));
});

test('a clock that goes on for longer than the timeout ends it: what comes then is judged by the rules as new', () => {
  const late = { from: 'server', flags: ACK, sequence: 5001, acknowledges: 1001, atMs: 86_500_000 } as const;
  expect(passing([...handshake, late]).slice(3)).toEqual(['new drop']);
});
