import type { CheckedPolicy, StageName, TerminalAction } from '../checked.ts';
import type { Decision } from '../decision.ts';

/** What a verdict of no rule was given for: the end of "because …". Defaults are told with their policy. */
export const reasonWords: Readonly<Record<string, string>> = {
  neighbour: 'ARP and neighbour discovery pass unless a rule speaks of them',
  internal: 'a part of the compiled program was missing: please report it',
  'truncated-ethernet': 'the frame is shorter than an Ethernet header',
  'truncated-vlan': 'the frame ends within a VLAN tag',
  'too-many-vlan-tags': 'the frame has more than two VLAN tags',
  'truncated-arp': 'the frame ends within the ARP packet',
  'truncated-ipv4': 'the frame ends within the IPv4 header',
  'bad-ipv4-header': 'version, header length and total length of the IPv4 header contradict each other',
  'truncated-ipv6': 'the frame ends within the IPv6 header',
  'bad-ipv6-header': 'the IPv6 header contradicts itself',
  'truncated-extension': 'the packet ends within an IPv6 extension header',
  'too-many-extensions': 'the packet has more IPv6 extension headers than are followed',
  'truncated-tcp': 'the packet ends within the TCP header',
  'bad-tcp-header': 'the TCP header claims to be shorter than a TCP header can be',
  'truncated-udp': 'the packet ends within the UDP header',
  'truncated-sctp': 'the packet ends within the SCTP header',
  'truncated-icmp': 'the packet ends within the ICMP header',
  'truncated-icmpv6': 'the packet ends within the ICMPv6 header',
  'truncated-gre': 'the packet ends within the GRE header',
  'truncated-esp': 'the packet ends within the ESP header',
  established: 'it belongs to a connection that an earlier version of the policy has allowed',
  related: 'it is an ICMP error of a connection that was allowed',
  invalid:
    'it belongs to no connection and cannot begin one, or contradicts the connection that it claims to belong to',
  killed: 'its connection was killed by hand',
  'no-room': 'the table of connections is full, and the policy refuses new ones then',
};

/** The reason for a verdict as a sentence without its full stop. */
export function reasonInWords(decision: Decision, policy: CheckedPolicy): string {
  const { rule, reason, verdict, stage } = decision;
  if (rule) return `the first rule of ${rule.stage} that matches says ${verdict}`;
  if (reason === 'default-ingress') return defaultInWords('ingress', policy.ingress, verdict);
  if (reason === 'default-egress') return defaultInWords('egress', policy.egress, verdict);
  const why = reasonWords[reason] ?? reason;
  return stage === 'parse' ? `${why}; malformed packets: ${policy.malformed}` : why;
}

function defaultInWords(stage: StageName, { rules }: CheckedPolicy['ingress'], verdict: TerminalAction): string {
  return rules.length === 0
    ? `${stage} has no rules, and its default is ${verdict}`
    : `no rule of ${stage} matches, and its default is ${verdict}`;
}
