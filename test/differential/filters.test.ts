import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRehearsal } from '../../src/datapath/rehearsal.ts';
import { Reason } from '../../src/generated/abi.ts';
import { readCaptureBytes, readCaptureFile } from '../../src/packet/capture.ts';
import { describePacket } from '../../src/packet/describe.ts';
import { parseFrame } from '../../src/packet/parse.ts';
import { writePcap } from '../../src/packet/pcap.ts';
import { captureNames, capturePath, noCaptures } from '../../src/packet/testing/captures.ts';
import { checked } from './disagreement.ts';
import { filters } from './filters.ts';

const ETHERNET = 1;
/** A test run at TC takes no longer frame. */
const LONGEST_AT_TC = 3400;
const NS_PER_SECOND = 1_000_000_000n;

interface Captured {
  readonly bytes: Uint8Array;
  readonly wireLength: number;
  readonly inWords: string;
}

/** All packets of all Ethernet captures but the malformed ones, which no rule is asked about. */
function wellFormedPackets(): Captured[] {
  return captureNames.flatMap((name) =>
    [...readCaptureFile(capturePath(name))].flatMap(({ linkType, bytes, wireLength, index }) => {
      if (linkType !== ETHERNET) return [];
      const packet = parseFrame(bytes, { ifindex: 0, frameLength: wireLength });
      const inWords = `${name} ${index}: ${describePacket(packet)}`;
      return packet.rule === Reason.NONE ? [{ bytes, wireLength, inWords }] : [];
    }),
  );
}

/** Asks the expression of every packet: neighbours' are only asked about by rules that speak of them. */
const rulesWith = (filter: string) => [
  { filter, action: 'drop' },
  { filter, protocol: 'arp', action: 'drop' },
  { filter, protocol: 'icmpv6', icmpType: '133-137', action: 'drop' },
];

describe(`filters against tcpdump on all captures${noCaptures ? ` (skipped: ${noCaptures})` : ''}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-filters-'));
  const path = join(folder, 'all.pcap');
  const packets = noCaptures ? [] : wellFormedPackets();
  beforeAll(() => {
    // The time is the packet's number, by which it is known again.
    writeFileSync(
      path,
      writePcap(packets.map((packet, at) => ({ ...packet, timestampNs: BigInt(at) * NS_PER_SECOND }))),
    );
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function keptByTcpdump(expression: string): Set<number> {
    const { stdout, stderr, status } = spawnSync('tcpdump', ['-r', path, '-w', '-', '--', expression], {
      maxBuffer: 1 << 28,
    });
    if (status !== 0) throw new Error(`tcpdump: ${stderr}`);
    return new Set(
      Array.from(readCaptureBytes(stdout, 'tcpdump'), ({ timestampNs }) => Number(timestampNs / NS_PER_SECOND)),
    );
  }

  test.skipIf(noCaptures).each(filters)('%s', (expression) => {
    const rules = rulesWith(expression);
    const header = { version: 1, interfaces: ['eth0'] };
    const prefiltering = checked({ ...header, prefilter: rules });
    const judging = checked({ ...header, ingress: { rules }, egress: { rules } });
    if (!prefiltering || !judging) throw new Error(`the check refuses the filter ${expression}`);
    using prefilter = openRehearsal(prefiltering, { multiBuffer: true });
    using stages = openRehearsal(judging, { multiBuffer: true });
    const kept = keptByTcpdump(expression);
    const wrong = packets.flatMap(({ bytes, wireLength, inWords }, at) => {
      const verdicts = {
        prefilter: prefilter.judge(bytes, { wireLength }).verdict,
        ingress: stages.judge(bytes, { wireLength }).verdict,
        ...(bytes.length <= LONGEST_AT_TC && {
          egress: stages.judge(bytes, { wireLength, direction: 'egress' }).verdict,
        }),
      };
      const wanted = kept.has(at) ? 'drop' : 'allow';
      return Object.values(verdicts).every((verdict) => verdict === wanted) ? [] : [{ inWords, wanted, verdicts }];
    });
    expect(wrong.slice(0, 5)).toEqual([]);
  });

  test.skipIf(noCaptures)('are asked of nearly all packets', () => {
    expect(packets.length).toBeGreaterThan(7_000);
  });
});
