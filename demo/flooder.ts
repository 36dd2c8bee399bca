/**
 * Floods until it is ended: `flooder.ts '{"from":…,"to":…}'`. A process of its own, since making frames blocks, and
 * large batches are what makes it fast: each call to the kernel sets up and takes down for some 30 ms.
 */
import { createFlood, type FloodPlan } from '../src/lab/index.ts';

const FRAMES_A_CALL = 1_000_000;

using flood = createFlood(JSON.parse(process.argv[2] ?? '') as FloodPlan);
console.log('flooding');
for (;;) flood.send(FRAMES_A_CALL);
