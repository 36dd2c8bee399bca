import { frame, type Rejection, tcp4, tcp6, udp4, udp6 } from './rejection.ts';

const MULTICAST = '01005e000001';

export const silences: readonly Rejection[] = [
  { says: 'a reset over IPv4', packet: frame(`${tcp4} flags=R`) },
  { says: 'a reset over IPv6', packet: frame(`${tcp6} flags=RA`) },
  { says: 'an ICMP error', packet: frame('icmp 198.51.100.7 > 192.0.2.10 type=3 code=3') },
  { says: 'an ICMP redirect', packet: frame('icmp 198.51.100.7 > 192.0.2.10 type=5') },
  { says: 'an ICMP reply', packet: frame('icmp 198.51.100.7 > 192.0.2.10 echo-reply') },
  { says: 'an ICMPv6 error', packet: frame('icmp6 2001:db8::7 > 2001:db8::10 packet-too-big') },
  { says: 'what was sent to many by Ethernet, over IPv4', packet: frame(udp4, { start: MULTICAST }) },
  { says: 'what was sent to many by Ethernet, over IPv6', packet: frame(udp6, { start: '333300000001' }) },
  { says: 'a SYN that was sent to all by Ethernet', packet: frame(`${tcp4} flags=S`, { start: 'ffffffffffff' }) },
  { says: 'what was sent to an IPv4 multicast address', packet: frame('udp 198.51.100.7:1 > 224.0.0.251:5353') },
  { says: 'what was sent to all of the link', packet: frame('udp 198.51.100.7:1 > 255.255.255.255:67') },
  { says: 'what was sent to an IPv6 multicast address', packet: frame('udp [2001:db8::7]:1 > [ff02::fb]:5353') },
  { says: 'a SYN to an IPv4 multicast address', packet: frame('tcp 198.51.100.7:1 > 224.0.0.1:22 flags=S') },
  { says: 'a SYN to an IPv6 multicast address', packet: frame('tcp [2001:db8::7]:1 > [ff02::1]:22 flags=S') },
  { says: 'what came from an IPv4 multicast address', packet: frame('udp 224.0.0.1:1 > 192.0.2.10:53') },
  { says: 'what came from an IPv6 multicast address', packet: frame('udp [ff02::1]:1 > [2001:db8::10]:53') },
  { says: 'what came from nobody, over IPv4', packet: frame('udp 0.0.0.0:68 > 192.0.2.10:67') },
  { says: 'what came from nobody, over IPv6', packet: frame('udp [::]:1 > [2001:db8::10]:2') },
  { says: 'a later fragment over IPv4', packet: frame('udp 198.51.100.7 > 192.0.2.10 fragment=later') },
  { says: 'a later fragment over IPv6', packet: frame('tcp 2001:db8::7 > 2001:db8::10 fragment=later') },
  { says: 'an ARP request', packet: frame('arp 198.51.100.7 > 192.0.2.10') },
];
