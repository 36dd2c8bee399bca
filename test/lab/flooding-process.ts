/** Floods until its input ends: `flooding-process.ts '{"from":…,"to":…}'`. Prints `flooding`, and at last the frames sent. */
import { createFlood, type FloodPlan } from '../../src/lab/index.ts';

const FRAMES_A_CALL = 20_000;

using flood = createFlood(JSON.parse(process.argv[2] ?? '') as FloodPlan);
console.log('flooding');
let ended = false;
process.stdin.on('end', () => {
  ended = true;
});
process.stdin.resume();
let sent = 0;
while (!ended) {
  flood.send(FRAMES_A_CALL);
  sent += FRAMES_A_CALL;
  await new Promise((resolve) => setImmediate(resolve));
}
console.log(sent);
