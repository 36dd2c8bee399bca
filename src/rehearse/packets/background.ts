import { buildFrame } from '../../packet/build.ts';
import { parseNotation } from '../../packet/notation.ts';
import { parseFrame } from '../../packet/parse.ts';
import { directions } from '../../policy/decision.ts';
import type { MadePacket } from './made-packet.ts';

/** What hosts are sent every day, so that a default that changes is seen, whatever the rules are. */
const notations = [
  'tcp 198.51.100.7:40000 > 192.0.2.10:22 flags=S',
  'tcp 198.51.100.7:40000 > 192.0.2.10:443 flags=S',
  'tcp 198.51.100.7:443 > 192.0.2.10:40000 flags=SA',
  'tcp 198.51.100.7:443 > 192.0.2.10:40000 flags=A',
  'udp 198.51.100.7:53 > 192.0.2.10:40000',
  'udp 198.51.100.7:40000 > 192.0.2.10:53',
  'udp 198.51.100.7 > 192.0.2.10 fragment=later',
  'icmp 198.51.100.7 > 192.0.2.10 echo-request',
  'icmp 198.51.100.7 > 192.0.2.10 type=3 code=4',
  'gre 198.51.100.7 > 192.0.2.10',
  'tcp [2001:db8:1::7]:40000 > [2001:db8::10]:22 flags=S',
  'tcp [2001:db8:1::7]:443 > [2001:db8::10]:40000 flags=A',
  'udp [2001:db8:1::7]:40000 > [2001:db8::10]:53',
  'icmp6 2001:db8:1::7 > 2001:db8::10 echo-request',
  'icmp6 2001:db8:1::7 > 2001:db8::10 type=2',
  'icmp6 fe80::7 > ff02::1:ff00:10 type=135',
  'arp 198.51.100.7 > 192.0.2.10',
] as const;

/** Bytes that a truncated TCP packet keeps: Ethernet, IPv4, and half of a TCP header. */
const TRUNCATED = 44;

export function backgroundPackets(interfaceName: string | undefined): MadePacket[] {
  const frames = notations.map((notation) => buildFrame(parseNotation(notation)));
  const truncated = (frames[0] as Uint8Array).subarray(0, TRUNCATED);
  return [...frames, truncated].flatMap((frame) =>
    directions.map((direction) => ({
      frame,
      packet: parseFrame(frame, { ifindex: 0 }),
      circumstances: {
        direction,
        wireLength: frame.length,
        timeMs: Date.now(),
        ...(interfaceName !== undefined && { interface: interfaceName }),
      },
    })),
  );
}
