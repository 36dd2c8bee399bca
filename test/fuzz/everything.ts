import { policyOf } from '../policy-of.ts';

const numbers = (count: number, text: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => text(n)).join(', ');

/** Every match and every action in every stage, sets of every shape. */
const rules = (stage: string): string => `
  - { name: ${stage}-set, from: "@many", action: count }
  - { name: ${stage}-few, to: ["@few", "!192.0.2.9"], ttl: 0-3, action: drop }
  - { name: ${stage}-mark, dscp: [ef, "!0"], length: 60-600, action: { mark: "0xabcd" } }
  - { name: ${stage}-log, protocol: udp, fromPort: "@wide", action: { log: { rate: 1/s, burst: 2 } } }
  - { name: ${stage}-scan, tcpFlags: [syn, fin], action: drop }
  - { name: ${stage}-null, tcpFlags: ["!syn", "!ack", "!rst", "!fin"], action: reject }
  - { name: ${stage}-web, protocol: tcp, port: "@web", action: allow }
  - { name: ${stage}-mail, protocol: tcp, port: [25, 465], payload: { text: "EHLO" }, action: reject }
  - { name: ${stage}-bytes, payload: { at: transport, offset: 4, bytes: "00 00 00 01", mask: "00 00 00 ff" }, vlan: "!7", action: allow }
  - { name: ${stage}-link, payload: { at: network, bytes: "45" }, interface: eth1, action: reject }
  - { name: ${stage}-ping, icmpType: echo-request, action: allow }
  - { name: ${stage}-unreachable, icmpCode: [port-unreachable], action: drop }
  - { name: ${stage}-solicit, icmpType: neighbour-solicitation, from: "!fe80::/10", action: drop }
  - { name: ${stage}-arp, protocol: arp, length: 29-60, action: drop }
  - { name: ${stage}-fragment, fragment: later, action: drop }
  - { name: ${stage}-dns, filter: "udp[10:2] & 0x8000 != 0 and port 53", action: reject }
  - { name: ${stage}-indirect, filter: "tcp[((tcp[12] & 0xf0) >> 2):4] = 0x47455420", action: reject }
  - { name: ${stage}-sum, filter: "len / (ip[8] & 3) > 30 or ip6[6] - ip6[7] > 200", action: drop }
  - { name: ${stage}-tunnel, protocol: [gre, esp, ipip, ipv6], from: 10.0.0.0-10.200.3.7, action: reject }`;

/** A policy that uses all of the language: what a generation has of programs and maps, it has of this. */
export const everything = policyOf(`
version: 1
interfaces: [eth0, eth1]
sets:
  few: [192.0.2.0/24, "2001:db8::/32"]
  many: [${numbers(60, (n) => `10.${n * 3}.0.0/${20 + (n % 13)}, "2001:db8:${n.toString(16)}::/${48 + n}"`)}]
  web: { ports: [80, 443, 8000-8100] }
  wide: { ports: [${numbers(200, (n) => String(n * 7))}] }
prefilter:${rules('prefilter')}
ingress:
  default: reject
  rules:${rules('ingress').replaceAll('\n', '\n  ')}
egress:
  default: reject
  rules:${rules('egress').replaceAll('\n', '\n  ')}
`);
