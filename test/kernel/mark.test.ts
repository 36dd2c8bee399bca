import { expect, test } from 'vitest';
import { buildGeneration } from '../../src/datapath/generation.ts';
import type { Enforcement } from '../../src/datapath/index.ts';
import { type Program, readSkbContext, skbContext, testRun } from '../../src/kernel/index.ts';
import { createPair, type Lab, type LabHost } from '../../src/lab/index.ts';
import { buildFrame } from '../../src/packet/build.ts';
import { parseNotation } from '../../src/packet/notation.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { enforceOn } from '../lab/enforcing.ts';
import { policyOf } from '../policy-of.ts';

const MARK = 0xcafe0007;

/** Counts pings with the mark and without, where netfilter sees what comes in. */
const ruleset = `
table inet pings {
  counter marked {}
  counter unmarked {}
  chain seen {
    type filter hook input priority 0;
    icmp type echo-request meta mark ${MARK} counter name marked accept
    icmpv6 type echo-request meta mark ${MARK} counter name marked accept
    icmp type echo-request counter name unmarked
    icmpv6 type echo-request counter name unmarked
  }
}`;

interface NftListing {
  readonly nftables: readonly { readonly counter?: { readonly name: string; readonly packets: number } }[];
}

async function countedByNft(host: LabHost): Promise<Record<string, number>> {
  const { stdout } = await host.exec('nft', ['-j', 'list', 'counters']);
  const counters = (JSON.parse(stdout) as NftListing).nftables.flatMap(({ counter }) => counter ?? []);
  return Object.fromEntries(counters.map(({ name, packets }) => [name, packets]));
}

async function ping(from: LabHost, to: string, bytes: number): Promise<void> {
  const { status, stdout } = await from.exec('ping', ['-c', '3', '-i', '0.01', '-W', '2', '-s', String(bytes), to]);
  expect({ status, stdout }).toMatchObject({ status: 0 });
}

test('what is marked at XDP has the mark where nftables sees it, in both families', async () => {
  let lab: Lab | undefined;
  let enforcement: Enforcement | undefined;
  try {
    lab = await createPair({ name: 'mark' });
    const [client, host] = [lab.host('client'), lab.host('host')];
    enforcement = enforceOn(
      host,
      `
version: 1
interfaces: [eth0]
ingress: { rules: [{ name: small-pings, icmpType: echo-request, length: 0-200, action: { mark: "0xcafe0007" } }] }
`,
    );
    const { status, stderr } = await host.exec('nft', ['-f', '-'], { input: ruleset });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const family of [4, 6] as const) {
      await ping(client, host.address(family), 56);
      await ping(client, host.address(family), 500);
    }
    expect(await countedByNft(host)).toEqual({ marked: 6, unmarked: 6 });
  } finally {
    enforcement?.stop();
    await lab?.close();
  }
});

test('what is marked at TC egress has the mark behind it; what is not keeps its own', () => {
  const policy = policyOf('{ version: 1, interfaces: [eth0], egress: { rules: [{ port: 53, action: { mark: 9 } }] } }');
  using generation = buildGeneration(compilePolicy(policy));
  const markBehind = (notation: string): number => {
    const context = skbContext({ mark: 5 });
    const run = testRun(generation.tc as Program, { data: buildFrame(parseNotation(notation)), context });
    return readSkbContext(run.context as Uint8Array).mark;
  };
  const packets = [
    'udp 192.0.2.1:1 > 192.0.2.2:53',
    'udp [2001:db8::1]:1 > [2001:db8::2]:53',
    'udp 192.0.2.1:1 > 192.0.2.2:54',
  ];
  expect(packets.map(markBehind)).toEqual([9, 9, 5]);
});
