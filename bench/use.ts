import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPair } from '../src/lab/index.ts';
import { otherPrefixes } from './peers/peer.ts';
import { readmePolicy } from './policies.ts';
import { replayRate, writeCapture } from './replay.ts';
import { sampleOf, type UseResult } from './results.ts';
import { startUpMs } from './start-up.ts';

const REPEATS = 9;

/** What a user waits for: until a policy is in force, until a capture has been judged. */
export async function measureUse(): Promise<UseResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const [policy, capture] = [join(folder, 'policy.yaml'), join(folder, 'capture.pcap')];
  const lab = await createPair({ name: 'bench' });
  try {
    writeFileSync(policy, readmePolicy);
    writeFileSync(join(folder, 'blocked.txt'), otherPrefixes(1000).join('\n'));
    writeCapture(capture);
    const rounds = Array.from({ length: REPEATS });
    const startUps: number[] = [];
    for (const _ of rounds) startUps.push(await startUpMs(lab.host('host'), policy));
    const rates = rounds.map(() => replayRate(policy, capture));
    return [
      { id: 'start-up', title: "the README's policy: file to enforcement", unit: 'ms', sample: sampleOf(startUps) },
      { id: 'replay', title: 'replay -o ndjson', unit: 'packets/s', sample: sampleOf(rates) },
    ];
  } finally {
    await lab.close();
    rmSync(folder, { recursive: true });
  }
}
