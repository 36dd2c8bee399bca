import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createPair, type Lab } from '../../src/lab/index.ts';
import { type Sample, sampleOf } from '../results.ts';
import { policyVersions } from './policies.ts';
import { startProbe } from './probe.ts';
import { startWatchingUp } from './watching-up.ts';

/** What one rule more or less in a policy's file costs, under `sluice up --watch`. */
export interface UpdateCost {
  /** Of ClassBench's acl1. */
  readonly rules: number;
  readonly added: ChangeCost;
  readonly removed: ChangeCost;
}

/** Milliseconds. */
export interface ChangeCost {
  /** From rename(2) of the new file to the first packet that the new rule judges, or the first that it no longer does. */
  readonly total: Sample;
  /** Of it, what comes after the change has been seen, as `up` tells. */
  readonly work: Sample;
}

/** How often `up` looks at the file. */
const LOOK_INTERVAL_MS = 200;

export async function measureUpdates(size: number, rounds: number): Promise<UpdateCost> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const lab = await createPair({ name: 'bench' });
  try {
    return await changeBackAndForth(lab, folder, size, rounds);
  } finally {
    await lab.close();
    rmSync(folder, { recursive: true });
  }
}

async function changeBackAndForth(lab: Lab, folder: string, size: number, rounds: number): Promise<UpdateCost> {
  const host = lab.host('host');
  const { rules, without, withRule } = policyVersions(size, lab.host('client').address(4), host.address(4));
  const file = join(folder, 'policy.yaml');
  writeFileSync(file, without);
  const up = await startWatchingUp(host, file);
  try {
    const probe = await startProbe(lab);
    const [added, removed] = [createTimes(), createTimes()];
    for (let round = 0; round < rounds; round++) {
      await change(withRule, added, (renamed) => probe.firstAfter(renamed));
      await change(without, removed, () => probe.last());
    }
    await probe.close();
    return { rules, added: added.cost(), removed: removed.cost() };
  } finally {
    await up.close();
  }

  async function change(text: string, times: Times, arrived: (renamed: number) => Promise<number>): Promise<void> {
    const next = `${file}.next`;
    writeFileSync(next, text);
    // Anywhere between two looks at the file.
    await setTimeout(Math.random() * LOOK_INTERVAL_MS);
    const renamed = performance.now();
    renameSync(next, file);
    const work = await up.changed();
    times.add((await arrived(renamed)) - renamed, work);
  }
}

interface Times {
  add(totalMs: number, workMs: number): void;
  cost(): ChangeCost;
}

function createTimes(): Times {
  const [totals, works]: [number[], number[]] = [[], []];
  return {
    add(totalMs, workMs) {
      totals.push(totalMs);
      works.push(workMs);
    },
    cost: () => ({ total: sampleOf(totals), work: sampleOf(works) }),
  };
}
