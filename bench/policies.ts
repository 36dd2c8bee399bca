import { buildGeneration, type Generation } from '../src/datapath/generation.ts';
import { SluiceError } from '../src/diagnostics/problem.ts';
import { floodSources } from '../src/lab/index.ts';
import { checkPolicy } from '../src/policy/check.ts';
import { compilePolicy } from '../src/policy/compile.ts';
import { otherPrefixes } from './peers/peer.ts';

/** A block list of 1,000 prefixes, the flood's among them: what the sets of the peers hold. */
const blocked = [...otherPrefixes(999), floodSources];

/** Only the block list: the mirror of the peers. */
const blockList = `
version: 1
interfaces: [eth0]
sets:
  blocked: [${blocked.join(', ')}]
prefilter:
  - { name: blocklist, from: "@blocked", action: drop }
ingress:
  default: allow
`;

/** The policy that the README begins with. */
export const readmePolicy = edgePolicy('{ file: blocked.txt }');

/** The same with its block list written out. */
const edge = edgePolicy(`[${blocked.join(', ')}]`);

function edgePolicy(blockedSet: string): string {
  return `
version: 1
interfaces: [eth0]
sets:
  admins: [203.0.113.0/24, "2001:db8:ad::/48"]
  blocked: ${blockedSet}
  web: { ports: [80, 443, 8000-8100] }
prefilter:
  - { name: blocklist, from: "@blocked", action: drop }
ingress:
  default: drop
  rules:
    - { name: ssh, protocol: tcp, from: "@admins", port: 22, action: allow }
    - { name: web, protocol: tcp, port: "@web", action: allow }
    - { name: ping, protocol: icmp, icmpType: echo-request, action: allow }
    - { name: no-telnet, filter: "tcp dst port 23", action: reject }
egress:
  default: allow
`;
}

/** A policy that is measured; `id` names it in results, from one run to the next. */
export interface MeasuredPolicy {
  readonly id: string;
  readonly title: string;
  readonly text: string;
}

export const measuredPolicies: readonly MeasuredPolicy[] = [
  { id: 'sluice-blocklist', title: 'Sluice, block list of 1,000', text: blockList },
  { id: 'sluice-edge', title: "Sluice, the README's policy and the block list", text: edge },
];

/** The programs of the policy, loaded. None of its rules speaks of interfaces. */
export function generationOf({ id, text }: MeasuredPolicy): Generation {
  const { policy, problems } = checkPolicy({ path: id, text });
  if (policy === undefined) throw new SluiceError(problems);
  return buildGeneration(compilePolicy(policy));
}
