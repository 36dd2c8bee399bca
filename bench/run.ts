/** `make bench`: what a dropped packet costs with Sluice and with its peers, in one run on one machine. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPair } from '../src/lab/index.ts';
import { type Contestant, dropRates, enterContest, leaveContest } from './contest.ts';
import { costsOf } from './costs.ts';
import { giveReceiverItsOwnCpu, pinGenerator } from './cpus.ts';
import { bareXdp } from './peers/bare-xdp.ts';
import { peers } from './peers/index.ts';
import { otherPrefixes } from './peers/peer.ts';
import { generationOf, measuredPolicies, readmePolicy } from './policies.ts';
import { publish } from './publish.ts';
import { replayRate, writeCapture } from './replay.ts';
import {
  type CostResult,
  type DropResult,
  type Drops,
  keep,
  provenance,
  sampleOf,
  tables,
  type UseResult,
} from './results.ts';
import { startUpMs } from './start-up.ts';

const ROUNDS = 11;

process.chdir(new URL('..', import.meta.url).pathname);
// Before anything is pinned or runs ahead of other work: as a user would meet it.
const use = await measureUse();
pinGenerator();
const results = { ...provenance(), use, drops: await measureDrops(), costs: measureCosts() };
keep(results);
publish(results);
console.log(tables(results));

async function measureDrops(): Promise<DropResult[]> {
  const contestants: Contestant[] = [];
  try {
    for (const peer of peers) contestants.push(await enterContest(peer));
    return await contest(contestants);
  } finally {
    for (const contestant of contestants) await leaveContest(contestant);
  }
}

async function contest(contestants: readonly Contestant[]): Promise<DropResult[]> {
  const present = contestants.filter(({ unavailable }) => unavailable === undefined);
  const sharedCpu = dropRates(present, ROUNDS);
  for (const { lab } of present) await giveReceiverItsOwnCpu(lab.host('host'));
  const ownCpu = dropRates(present, ROUNDS);

  return contestants.map(({ peer: { id, title }, unavailable }) =>
    unavailable === undefined
      ? { id, title, sharedCpu: dropsOf(id, sharedCpu), ownCpu: dropsOf(id, ownCpu) }
      : { id, title, unavailable },
  );
}

function dropsOf(id: string, rates: ReadonlyMap<string, readonly number[]>): Drops {
  const own = rates.get(id) ?? [];
  const bare = rates.get(bareXdp.id) ?? [];
  return { rate: sampleOf(own), ofBare: sampleOf(own.map((rate, round) => rate / (bare[round] ?? Number.NaN))) };
}

function measureCosts(): CostResult[] {
  const generations = measuredPolicies.map((policy) => ({ ...policy, generation: generationOf(policy, () => 1) }));
  const subjects = generations.map(({ id, title, generation }) => ({
    id,
    title,
    program: generation.xdp,
    multiBuffer: false,
  }));
  try {
    const costs = costsOf(subjects, ROUNDS);
    return subjects.map(({ id, title }) => ({ id, title, nanoseconds: sampleOf(costs.get(id) ?? []) }));
  } finally {
    for (const { generation } of generations) generation.close();
  }
}

async function measureUse(): Promise<UseResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const [policy, capture] = [join(folder, 'policy.yaml'), join(folder, 'capture.pcap')];
  const lab = await createPair({ name: 'bench' });
  try {
    writeFileSync(policy, readmePolicy);
    writeFileSync(join(folder, 'blocked.txt'), otherPrefixes(1000).join('\n'));
    writeCapture(capture);
    const rounds = Array.from({ length: ROUNDS });
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
