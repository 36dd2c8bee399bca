/** Errors and warnings of the policy language: the part of the registry that src/policy/parse and src/policy/check use. */
export const policyErrors = {
  'policy/file-missing': {
    meaning: 'A policy file, or a file that a set names, does not exist.',
    help: 'Correct the path. The path of a set’s file begins at the policy file.',
  },
  'policy/file-unreadable': {
    meaning: 'A file may not be read, or is no regular file.',
    help: 'Give the path of a file that this user may read.',
  },
  'policy/file-too-large': {
    meaning: 'A policy file is above 16 MiB, or the file of a set above 256 MiB.',
    help: 'Put long lists of addresses into files of their own: `sets: { blocked: { file: blocked.txt } }`.',
  },
  'policy/not-text': {
    meaning: 'A policy file holds bytes that are not UTF-8 text.',
    help: 'Save the file as UTF-8.',
  },
  'policy/unknown-format': {
    meaning: 'A policy file’s name does not tell its format.',
    help: 'Name it .yaml, .yml, .json, .ts, .mts or .js.',
  },
  'policy/syntax': {
    meaning: 'The file is not valid YAML or JSON.',
    help: 'Mend the syntax at the place shown; an editor with the JSON Schema marks it as you type.',
  },
  'policy/duplicate-key': {
    meaning: 'A key stands twice in one mapping.',
    help: 'Leave one of the two out, or join their values in a list.',
  },
  'policy/multiple-documents': {
    meaning: 'A YAML file holds more than one document.',
    help: 'Remove the line `---` between them: a policy is one document.',
  },
  'policy/alias': {
    meaning: 'YAML aliases (`*name`) stand for so many values that the file may be made to exhaust memory.',
    help: 'Write the values out, or define a set and refer to it.',
  },
  'policy/module': {
    meaning: 'A policy in TypeScript or JavaScript did not load, or threw an error.',
    help: 'Mend the error at the place shown. The file runs with the rights of this user.',
  },
  'policy/no-policy': {
    meaning: 'A TypeScript or JavaScript file exports no policy.',
    help: 'Write `export default definePolicy({ … })`, or export it under the name `policy`.',
  },
  'policy/unknown-key': {
    meaning: 'A mapping has a key that the language does not have there.',
    help: 'Correct the key, or remove it. docs/policy-reference.md has all of them.',
  },
  'policy/missing-key': {
    meaning: 'A mapping lacks a key that it must have.',
    help: 'Add the key.',
  },
  'policy/wrong-type': {
    meaning: 'A value is of the wrong kind: a list where a number is wanted, say.',
    help: 'docs/policy-reference.md says what the key takes.',
  },
  'policy/empty-list': {
    meaning: 'A list is empty that has to name something.',
    help: 'Leave the key out to match everything, or put a value into the list.',
  },
  'policy/bad-name': {
    meaning: 'A rule or a set has a name that it cannot have.',
    help: 'Choose a name of 1 to 63 printable characters; a set’s of letters, digits, `_` and `-`.',
  },
  'policy/duplicate-name': {
    meaning: 'Two rules have one name. Counters and verdicts name rules, so each name must be one rule’s.',
    help: 'Rename one of the two.',
  },
  'policy/bad-interface': {
    meaning: 'A name in `interfaces` or `interface` cannot be an interface’s, is no glob, or is listed twice.',
    help: 'Linux takes 1 to 15 bytes without blanks, slashes and colons. `ip link` lists those that there are. In a glob, `*` stands for any characters, `?` for one, `[0-9]` for one of a list.',
  },
  'policy/unknown-interface': {
    meaning: 'A rule names an interface, or a glob, that none of the policy’s `interfaces` stands for.',
    help: 'Correct the name, or add it to `interfaces`.',
  },
  'policy/unknown-set': {
    meaning: 'A reference like `@admins` names a set that is not defined.',
    help: 'Correct the name, or define the set under `sets`.',
  },
  'policy/set-kind': {
    meaning: 'A set of ports is used where addresses are wanted, or the other way round.',
    help: 'Refer to a set of the right kind.',
  },
  'policy/set-cycle': {
    meaning: 'Sets include each other in a circle, or more than 32 deep.',
    help: 'Take one of the references out.',
  },
  'policy/set-line': {
    meaning: 'A line in the file of a set is no address, prefix or range.',
    help: 'Correct the line, or put a # in front of it.',
  },
  'policy/bad-address': {
    meaning: 'A text is no IP address, prefix or range in its plain notation.',
    help: 'Write `192.0.2.1`, `2001:db8::1`, `192.0.2.0/24` or `192.0.2.1-192.0.2.9`.',
  },
  'policy/host-bits': {
    meaning: 'A prefix has bits set behind its length, so it is not clear whether the network or one address is meant.',
    help: 'Write the first address of the network (`10.0.0.0/8`), or the one address without a length.',
  },
  'policy/bad-number': {
    meaning: 'A text is neither a number, nor a range of numbers, nor a name that the key knows.',
    help: 'Write `80`, `"8000-8100"`, `"!22"` or a list of these.',
  },
  'policy/out-of-range': {
    meaning: 'A number is outside of what the field in the packet can hold.',
    help: 'Write a number that the field can have.',
  },
  'policy/unknown-protocol': {
    meaning: 'There is no protocol of this name.',
    help: 'Correct the name, or write the protocol’s number (IANA “Protocol Numbers”).',
  },
  'policy/protocol-conflict': {
    meaning: 'A match can never be true for a protocol of the rule: ICMP has no ports, say.',
    help: 'Take the match or the protocol out, or split the rule in two.',
  },
  'policy/never-matches': {
    meaning: 'A rule can match no packet, for its own matches exclude each other.',
    help: 'Take one of the two out.',
  },
  'policy/unknown-flag': {
    meaning: 'There is no TCP flag of this name.',
    help: 'The flags are fin, syn, rst, psh, ack, urg, ece and cwr.',
  },
  'policy/unknown-icmp-type': {
    meaning: 'There is no ICMP or ICMPv6 type of this name.',
    help: 'Correct the name, or write the type’s number with `protocol: icmpv4` or `protocol: icmpv6`.',
  },
  'policy/unknown-icmp-code': {
    meaning: 'There is no ICMP or ICMPv6 code of this name.',
    help: 'Correct the name, or write the code’s number.',
  },
  'policy/icmp-family': {
    meaning: 'An ICMP type or code is of the other IP family, or is a number, which differs between families.',
    help: 'Name the family: `protocol: icmpv4` or `protocol: icmpv6`.',
  },
  'policy/icmp-code': {
    meaning: 'ICMP codes by name do not belong to the types of the rule, or not to one type.',
    help: 'Write a rule for each type.',
  },
  'policy/bad-payload': {
    meaning: 'A payload match does not say which bytes are wanted.',
    help: 'Write `{ bytes: "47 45 54" }` or `{ text: "GET " }`, and a mask of the same length where bits are to be ignored.',
  },
  'policy/bad-filter': {
    meaning: 'libpcap does not take a filter expression.',
    help: 'Correct the expression: `man pcap-filter` has the language, and `tcpdump -d EXPRESSION` tries one.',
  },
  'policy/no-libpcap': {
    meaning: 'A rule has a `filter`, and libpcap, which compiles it, is not on this machine.',
    help: 'Install it: `apt install libpcap0.8` (from Debian 13 on `libpcap0.8t64`).',
  },
  'policy/bad-window': {
    meaning: 'A window of time in `when` has a day or a time of day that is none, or opens too often.',
    help: 'Write { days: mon-fri, from: "08:00", to: "18:00", timezone: Europe/Berlin }; each part may be left out.',
  },
  'policy/unknown-timezone': {
    meaning:
      'A window of time is in a time zone that the IANA database does not have, as this version of Node knows it.',
    help: 'Write a name like Europe/Berlin or UTC: `timedatectl list-timezones` shows them all. UTC+1 is none: clocks are changed.',
  },
  'policy/bad-action': {
    meaning: 'A rule’s action is none that Sluice knows.',
    help: 'Write allow, drop, reject, count, log, { log: "10/s" } or { mark: 7 }.',
  },
  'policy/bad-duration': {
    meaning:
      'A duration is not one: a whole number of seconds, minutes, hours or days; of a time to live, a year at most.',
    help: 'Write it like "90s", "10m", "1h" or "7d".',
  },
  'policy/set-too-large': {
    meaning: 'A set takes more memory than it may, in its map in the kernel. What was in force before stays in force.',
    help: 'Give the set more `memory`, up to 512MiB, or fewer members.',
  },
  'policy/bad-size': {
    meaning:
      'A size is none that can be had: the memory of a set is from 4KiB to 512MiB, the largest list of a feed from 1KiB to 256MiB.',
    help: 'Write it like "512KiB", "64MiB" or "0.5GiB".',
  },
  'policy/bad-rate': {
    meaning: 'A rate is not a whole number of events a second, a minute or an hour.',
    help: 'Write it like "10/s", "30/m" or "100/h".',
  },
  'policy/bad-mark': {
    meaning: 'A mark is no number of 32 bits.',
    help: 'Write a number from 0 to 4294967295, or hex like "0x10".',
  },
  'policy/replies-blocked': {
    meaning: 'Warning: the policy lets TCP connections out, and no rule of `ingress` lets their replies in.',
    help: 'Add a rule for packets of connections that exist: `{ name: replies, protocol: tcp, tcpFlags: [ack], action: allow }`.',
  },
  'policy/empty-set': {
    meaning: 'Warning: a set holds nothing, so what refers to it matches nothing (or, with `!`, everything).',
    help: 'Put something into the set, or remove it.',
  },
  'policy/shadowed-rule': {
    meaning: 'Rules above one take every packet that it would match, and at least one of them says another verdict.',
    help: 'Move the rule up, make the others narrower, or remove it.',
  },
  'policy/redundant-rule': {
    meaning: 'Rules above one take every packet that it would match, and say the same verdict.',
    help: 'Remove the rule: nothing changes without it.',
  },
  'policy/rules-not-compared': {
    meaning: 'A policy has so many rules that not all were looked at for others above them that hide them.',
    help: 'Nothing is wrong: those that were looked at are told.',
  },
  'policy/unreachable-rule': {
    meaning: 'Warning: no packet gets to a rule, for one above it matches every packet and ends the stage.',
    help: 'Move the rule that matches everything to the end, or remove those below it.',
  },
  'policy/neighbour-unasked': {
    meaning:
      'Warning: a `filter` names ARP or neighbour discovery, about which a rule is only asked where its `protocol` or `icmpType` does.',
    help: 'Write `protocol: arp`, or the ICMPv6 type like `icmpType: neighbor-solicitation`, beside the filter.',
  },
  'policy/slow-rules': {
    meaning:
      'Warning: a packet takes more than a microsecond on average, or ten at most, to find its rule, for many rules cannot be told apart by addresses, ports and protocols.',
    help: 'Narrow the rules that are named, or put those that take most packets above them; `sluice explain` shows what each stage costs.',
  },
} as const;
