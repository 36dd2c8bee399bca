import { daemonErrors } from './daemon-errors.ts';
import { policyErrors } from './policy-errors.ts';
import { setErrors } from './set-errors.ts';

/**
 * Every error that Sluice can show: its code, what it means in one sentence, and what to do.
 * docs/errors.md is generated from it. Codes are `area/what`; add yours to the area's block.
 */
export const errors = {
  ...policyErrors,
  ...daemonErrors,
  ...setErrors,

  // eBPF assembly (src/asm)
  'asm/out-of-range': {
    meaning: 'A number does not fit into the instruction that should hold it, or the kernel would refuse it there.',
    help: 'Load it into a register with loadImm64, or use the 32-bit form: 64-bit operations extend the sign of theirs.',
  },
  'asm/unknown-label': {
    meaning: 'A jump goes to a label that the function does not have, or a label stands behind its last instruction.',
    help: 'Place the label before an instruction of the same function.',
  },
  'asm/duplicate-label': {
    meaning: 'A label stands twice in one function.',
    help: 'Ask the assembler for a uniqueLabel where the same code is emitted more than once.',
  },
  'asm/jump-too-far': {
    meaning: 'A jump goes over more instructions than its 16-bit offset can count.',
    help: 'Split the function: 32,767 instructions is as far as a jump goes.',
  },
  'asm/bad-register': {
    meaning: 'An operand is not one of the registers R0 to R10, or an instruction would write R10.',
    help: 'Use the constants R0 to R9; R10 is the frame pointer, which can only be read.',
  },
  'asm/duplicate-function': {
    meaning: 'Two functions of one name are to be linked into a program.',
    help: 'Give each function a name of its own.',
  },
  'asm/unknown-function': {
    meaning: 'A function is called that is not among those to be linked.',
    help: 'Add the function to those given to the linker, or correct the name in the call.',
  },
  'asm/unknown-map': {
    meaning: 'A program refers to a map that has not been created.',
    help: 'Create the map before the program is loaded, under the name that the program uses.',
  },
  'asm/bad-bytecode': {
    meaning: 'Bytes that should be eBPF instructions are not.',
    help: 'Instructions are 8 bytes each, the load of a 64-bit immediate 16.',
  },

  // Compiled objects (src/kernel/object)
  'object/corrupt': {
    meaning: 'An object file of the data plane, or its BTF, is cut short or contradicts itself.',
    help: 'Install Sluice again, or build the object again with `make build`.',
  },
  'object/unsupported': {
    meaning: 'An object file is in order but uses what Sluice does not know how to load.',
    help: 'Compile it with clang for the target bpf, with -g, without CO-RE relocations and thread-local data.',
  },
  'object/unknown-variable': {
    meaning: 'A constant is to be set that the object does not have.',
    help: 'Correct the name: the constants are the `volatile const` variables of the C source.',
  },
  'object/bad-value': {
    meaning: 'A constant of an object is to be set to a value that it cannot hold.',
    help: 'Give an integer within the range of its C type, or exactly as many bytes as it has.',
  },

  // The kernel library (src/kernel)
  'kernel/set-full': {
    meaning: 'A prefix set has no room for the change; it is as it was.',
    help: 'Make the set with more `memory`.',
  },
  'kernel/system-call': {
    meaning:
      'The kernel refused a system call; the message has the call, what it was about, and the name of the errno.',
    help: 'The manual page of the call explains the errno; `sluice doctor` shows what this kernel can do.',
  },
  'kernel/no-permission': {
    meaning: 'The process lacks the right to do this to the kernel.',
    help: 'Run as root, or with CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON; a container needs them granted.',
  },
  'kernel/not-supported': {
    meaning: 'This kernel, driver or processor does not have what was asked for.',
    help: '`sluice doctor` lists what this machine can do, and since which kernel the rest exists.',
  },
  'kernel/closed': {
    meaning: 'A map, program, link or mapping was used after it had been closed.',
    help: 'Close it after its last use, or open it again.',
  },
  'kernel/map-full': {
    meaning: 'A map holds as many entries as it was made for.',
    help: 'Make the map with more entries, or remove some.',
  },
  'kernel/map-mismatch': {
    meaning: 'A map is not of the type or the sizes that are expected of it.',
    help: 'It was made by another version or program; remove its pin, or read it with the codecs that it was made with.',
  },
  'kernel/verifier-refusal': {
    meaning: "The kernel's verifier does not accept a program.",
    help: 'The log of the verifier tells why. If the program was generated from a policy, please report it.',
  },
  'kernel/interface-missing': {
    meaning: 'There is no network interface of this name in the network namespace.',
    help: '`ip link` lists the interfaces; check the name, and the namespace. With `--wait`, `apply` and `up` begin without it.',
  },
  'kernel/interface-busy': {
    meaning: 'Another program is already attached to the interface, and the kernel allows one.',
    help: 'Remove the other program first: `bpftool net` lists what is attached, and `ip link set dev NAME xdp off` detaches. With `--wait`, `apply` and `up` begin without the interface.',
  },
  'kernel/link-changed': {
    meaning: 'A link runs another program than the one that was to be replaced.',
    help: 'Somebody else updated the link; look at it again before replacing its program.',
  },
  'kernel/namespace-missing': {
    meaning: 'There is no such network namespace.',
    help: '`ip netns` lists the namespaces that have names.',
  },
  'kernel/bpffs-missing': {
    meaning: 'The path is not on a BPF file system, the only place where objects of bpf(2) can be pinned.',
    help: 'Mount one: `mount -t bpf bpf /sys/fs/bpf`.',
  },

  // The lab (src/lab)
  'lab/set-up': {
    meaning: 'The system refused a step in setting up the lab; the message has what it said.',
    help: 'The lab wants root and network namespaces: run it with sudo, outside of a container without CAP_SYS_ADMIN.',
  },
  'lab/command-missing': {
    meaning: 'A program that the lab works with is not installed, or cannot be started.',
    help: 'Install it: `apt install iproute2 util-linux ethtool` has what the lab itself needs.',
  },
  'lab/not-ready': {
    meaning: 'A program inside the lab did not come up: it ended, or did not say in time that it is ready.',
    help: 'The message has what it printed; a port that is taken is the usual cause.',
  },
  'lab/not-in-topology': {
    meaning: 'A host, device or address was asked for that the lab does not have.',
    help: 'Ask for one of those that the topology names.',
  },

  // Packets and captures (src/packet)
  'packet/notation': {
    meaning: 'A packet written by hand cannot be read.',
    help: 'Write PROTOCOL SOURCE > DESTINATION OPTIONS, like: tcp 198.51.100.7:40000 > 192.0.2.10:22 flags=S',
  },
  'capture/unreadable': {
    meaning: 'The capture file cannot be opened or read.',
    help: 'Check the path, and that you may read the file.',
  },
  'capture/format': {
    meaning: 'The file is no pcap or pcapng capture, or contradicts itself.',
    help: 'Give a file that tcpdump -r reads; a compressed one has to be unpacked first.',
  },
  'capture/truncated': {
    meaning: 'The capture ends in the middle of a record. All records before it have been read.',
    help: 'Capture anew, or let editcap or tcpdump write a whole file of what is there.',
  },
  'capture/link-type': {
    meaning: 'The packets of the capture were taken from a link whose headers Sluice cannot read.',
    help: 'Capture on an Ethernet interface, or on "any": Ethernet, raw IP, loopback and Linux cooked captures are read.',
  },
  'policy/too-many-rules': {
    meaning: 'The rules fill more programs than the kernel goes through for one packet.',
    help: 'Put addresses and ports of rules that do the same into sets: a set is one look-up, whatever its size.',
  },

  // The data plane in the kernel (src/datapath)
  'datapath/missing-object': {
    meaning: 'The compiled data plane is not where Sluice is installed.',
    help: 'In a checkout, run `make build`; else install the package again.',
  },
  'datapath/already-enforced': {
    meaning: 'Another process enforces a policy in this network namespace.',
    help: 'See `sluice status`; end it with `sluice down` first.',
  },
  'datapath/no-switch': {
    meaning:
      'A policy cannot be put on trial or observed: the kernel lets no program choose between the generation before and the new one.',
    help: 'One of them takes frames of several buffers and the other does not, since an MTU has changed: apply it at once.',
  },
  'datapath/connections-left-out': {
    meaning: 'Tables of connections are smaller than before, or more connections were open than there is room for.',
    help: 'Set `connections.size` and `connections.unproven` of the policy to more; what was left out is judged as if it began now.',
  },
  'datapath/change-pending': {
    meaning: 'A policy is on trial or observed, and another one is to be put in force.',
    help: 'Confirm it, or roll it back, first.',
  },
  'datapath/nothing-pending': {
    meaning: 'Nothing is on trial or observed that could be confirmed or rolled back.',
    help: 'See `sluice status`: it may have rolled back at its deadline.',
  },
  'datapath/not-ethernet': {
    meaning:
      'An interface of the policy has no Ethernet headers (tun, WireGuard, PPP, IP in IP): its packets cannot be judged.',
    help: 'List the Ethernet interface that the tunnel runs over, or take a tap or bridge interface in its place.',
  },
  'datapath/interface-awaited': {
    meaning: 'Warning: the policy names an interface that is not there. It is attached when it appears.',
    help: 'Where the name is mistyped, correct it: until then, nothing is judged in its place. `ip link` lists the interfaces.',
  },
  'datapath/too-many-interfaces': {
    meaning: 'The kernel’s table of what rules may ask of interfaces has no room for another.',
    help: 'Apply the policy again, which begins a new table; a policy for fewer kinds of interfaces needs less of it.',
  },
  'datapath/nothing-enforced': {
    meaning: 'No policy is in force in this network namespace.',
    help: 'Put one in force with `sluice apply FILE`, or `sluice up FILE` without a daemon; use --netns for another network namespace.',
  },
  'datapath/no-connections': {
    meaning: 'The policy in force tracks no connections: there are none to be shown or killed.',
    help: 'Add `connections: {}` to the policy and apply it.',
  },
  'datapath/other-connections': {
    meaning: 'Another version of Sluice has put the policy in force, whose tables of connections this one cannot read.',
    help: 'Apply the policy again with this version, or start the daemon again.',
  },
  'datapath/connections-nearly-full': {
    meaning:
      'Warning: a table of connections is full to four fifths or more. When it is full, the oldest connection that has proved nothing goes, or new ones are refused, as `full` in the policy says.',
    help: '`sluice connections --sort idle` shows what is in it. Raise `connections.size`, or `connections.unproven` where strangers fill that one, or shorten `connections.timeouts`.',
  },
  'datapath/generic-mode': {
    meaning: 'The driver of an interface has no native XDP: packets are judged behind it, several times slower.',
    help: '`sluice doctor` lists the drivers; a lower MTU or fewer queues help some, and a newer kernel others.',
  },
  'datapath/out-of-reach': {
    meaning: 'A policy is in force whose pins lie in a BPF file system that only another process sees.',
    help: 'End the process that put it in force; mount /sys/fs/bpf for all (`mount -t bpf bpf /sys/fs/bpf`) before `sluice up`.',
  },
  'datapath/veth-reject': {
    meaning: 'Answers to rejected packets leave a veth interface only where its peer has an XDP program, too.',
    help: '`sluice up --generic` sends them through the stack; or attach any XDP program to the peer.',
  },
  'datapath/vlan-offload': {
    meaning: 'A rule asks for VLAN tags, and the interface takes them out of received frames: the rule never matches.',
    help: 'Turn the offload off: `ethtool -K INTERFACE rxvlan off`.',
  },
  'datapath/set-not-dynamic': {
    meaning: 'A set takes members at run time only where the policy says so.',
    help: 'Write `dynamic: true` to it: `sets: { blocked: { dynamic: true } }`.',
  },
  'datapath/set-not-used': {
    meaning: 'No rule of the policy in force asks for the set: a member would have no effect.',
    help: 'Write a rule that does: `prefilter: [{ from: "@blocked", action: drop }]`.',
  },
  'datapath/no-set-owner': {
    meaning: 'The process that holds the sets is not there to be asked, and no other may change them.',
    help: 'Let the daemon hold the policy: `sluice run`.',
  },
  'datapath/not-a-member': {
    meaning: 'What is to be removed was not added to the set at run time, or its time is over.',
    help: '`sluice sets list NAME` shows the members; what the policy or a file lists is taken out there.',
  },
  'datapath/set-too-large': {
    meaning: 'A set takes more than the room that it has in the kernel.',
    help: 'Give the set more `memory`, or fewer members. A content that was in force before stays in force.',
  },
  'datapath/no-memory': {
    meaning: 'The kernel has no memory for a map or a program of the policy. What was in force before stays in force.',
    help: 'Free memory, or raise the limit of the memory cgroup (memory.max); `sluice explain` shows what the maps of a policy take.',
  },
  'datapath/damaged-state': {
    meaning: 'What is known of the policy in force cannot be read; the kernel goes on enforcing it.',
    help: '`sluice down` removes it; `sluice up FILE` puts one in force again.',
  },

  'datapath/not-written': {
    meaning: 'What must be known of a policy in force cannot be kept: a file could not be written or read.',
    help: 'Mend the file system that the message names: /run has to be writable, and must not be full.',
  },
  'datapath/private-mount': {
    meaning: 'The BPF file system is mounted in a mount namespace of its own: with its last process the policy goes.',
    help: 'Mount it for the whole machine, `mount -t bpf bpf /sys/fs/bpf`, and start again; use --netns, not `ip netns exec`.',
  },
  'datapath/unknown-state': {
    meaning: 'Programs of Sluice are in force, but the record of which policy they come from is gone.',
    help: '`sluice down` removes them; `sluice up FILE` takes their place.',
  },

  // Rehearsals of a change (src/rehearse)
  'rehearsal/disagreement': {
    meaning:
      'The compiled policy does with a packet something else than the reference model says: it is not put in force.',
    help: 'Sluice has a mistake. Please report it, with the policy and the packet; another way to write the rule may do.',
  },
  'rehearsal/test-failed': {
    meaning: 'A test of the policy fails: the policy does with a packet something else than its test file expects.',
    help: 'Correct the policy, or the test; `sluice test` runs them alone.',
  },

  // Rulesets of other firewalls (src/import)
  'import/unreadable': {
    meaning: 'A text is not the ruleset of the firewall that it should be of.',
    help: 'Give what `nft -j list ruleset`, `iptables-save`, `ip6tables-save` or `ufw status verbose` prints.',
  },
  'import/not-carried': {
    meaning: 'Warning: a part of a ruleset is not in the policy; a comment stands where it would be.',
    help: 'See whether a rule of Sluice does what is wanted: docs/policy-reference.md has all matches and actions.',
  },
  'import/no-connection-tracking': {
    meaning:
      'Warning: a rule asks for the state of a connection, which Sluice does not track, and is not in the policy.',
    help: 'Let the replies in by a rule of their own: `{ name: replies, protocol: tcp, tcpFlags: [ack], action: allow }`.',
  },
  'import/approximate': {
    meaning: 'Warning: a part of a ruleset is in the policy, but does not mean just what it meant.',
    help: 'Read the rule, and mend it where the difference matters.',
  },
  'import/interfaces': {
    meaning: 'Warning: a policy is for certain interfaces, and nobody said for which.',
    help: 'Name each with --interface, or correct `interfaces` in the policy.',
  },

  // The command (src/cli)
  'cli/usage': {
    meaning: 'The command line is not one that Sluice understands.',
    help: '`sluice --help` lists the commands, `sluice COMMAND --help` what each can be given.',
  },
  'test/unreadable': {
    meaning: 'A test file, or the folder to look for them, cannot be read.',
    help: 'Check the path, and that you may read what is there.',
  },
  'test/none': {
    meaning: 'There are no policy tests where they were looked for.',
    help: 'Put a file like policy.test.yaml beside the policy; `sluice test --help` shows what it holds.',
  },
  'test/invalid': {
    meaning: 'A test file says something that a policy test cannot mean.',
    help: '`sluice test --help` shows a test file and its keys.',
  },
  'internal/bug': {
    meaning: 'Sluice has a mistake: this should not happen, whatever was asked of it.',
    help: 'Run it again with SLUICE_DEBUG=1, and report what it prints: the project keeps a list of issues.',
  },
} as const satisfies Record<string, { readonly meaning: string; readonly help: string }>;

export type ErrorCode = keyof typeof errors;
