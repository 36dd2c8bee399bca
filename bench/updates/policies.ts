import { stringify } from 'yaml';
import { createScan, toPolicyRules } from '../../src/policy/testing/classbench.ts';
import { classbenchList } from '../rules/lists.ts';
import { PROBE_PORT } from './probe.ts';

const UDP = 17;

/** A policy of ClassBench rules in two versions: as it is, and with one rule more in its middle. */
export interface PolicyVersions {
  readonly rules: number;
  readonly without: string;
  /** The rule lets the probe's datagrams pass, which nothing else does. */
  readonly withRule: string;
}

export function policyVersions(size: number, from: string, to: string): PolicyVersions {
  const header = { src: addressOf(from), dst: addressOf(to), srcPort: 0, dstPort: PROBE_PORT, protocol: UDP };
  const { rules } = classbenchList('acl1', size, 'v4');
  // The port that it is sent from is anyone's.
  const others = rules.filter((rule) => createScan([{ ...rule, srcPort: [0, 65_535] }], 32)(header) === undefined);
  const lines = toPolicyRules(others, 'v4');
  const rule = { name: 'probe', protocol: 'udp', from, to, port: PROBE_PORT, action: 'allow' };
  const text = (ingressRules: readonly object[]): string =>
    stringify(
      { version: 1, interfaces: ['eth0'], ingress: { default: 'drop', rules: ingressRules } },
      { aliasDuplicateObjects: false },
    );
  const middle = lines.length >> 1;
  return {
    rules: others.length,
    without: text(lines),
    withRule: text([...lines.slice(0, middle), rule, ...lines.slice(middle)]),
  };
}

const addressOf = (text: string): bigint => text.split('.').reduce((sum, octet) => sum * 256n + BigInt(octet), 0n);
