import { expect, test } from 'vitest';
import { buildGeneration, type Generation } from '../../src/datapath/generation.ts';
import { openRehearsal, type Rehearsal } from '../../src/datapath/rehearsal.ts';
import { Reason } from '../../src/generated/abi.ts';
import { createTestRunner, type Program, type TestRunner, typedMap, u32, u64 } from '../../src/kernel/index.ts';
import { readCaptureFile } from '../../src/packet/capture.ts';
import { parseFrame } from '../../src/packet/parse.ts';
import { captureNames, capturePath } from '../../src/packet/testing/captures.ts';
import type { TerminalAction } from '../../src/policy/checked.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { compare, describeFrame } from '../differential/compare.ts';
import { fuzzMinutes, patienceMs, seed } from '../differential/effort.ts';
import { minimiseBytes } from '../differential/minimise.ts';
import { mutated, SHORTEST_FRAME } from '../differential/mutations.ts';
import { createFrames, type TestFrame } from '../differential/packets.ts';
import { createRandom, type Random } from '../differential/random.ts';
import { everything } from './everything.ts';

const PACKETS = fuzzMinutes === undefined ? 200_000 : 10_000_000;
const LONGEST = 1500;
/** Small enough that each stage goes through several programs. */
const partLimits = { instructions: 300, conditionalJumps: 60 };

/** From random bytes, from captures with something changed, and from what the policy's rules ask for. */
function createPackets(random: Random): () => TestFrame {
  const captured = captureNames
    .flatMap((name) => [...readCaptureFile(capturePath(name))])
    .map(({ bytes }) => bytes)
    .filter(({ length }) => length >= SHORTEST_FRAME && length <= LONGEST);
  const aimed = createFrames(everything, random);
  const randomBytes = (): Uint8Array => random.bytes(random.integer(SHORTEST_FRAME, random.once(10) ? LONGEST : 100));
  return () => {
    if (random.once(3)) return aimed();
    const bytes = captured.length === 0 || random.once(3) ? randomBytes() : random.pick(captured);
    const passing = {
      direction: random.pick(['ingress', 'egress'] as const),
      interface: random.pick(['eth0', 'eth1', undefined]),
      timeMs: Date.now(),
    };
    return { ...mutated(bytes, random), ...passing };
  };
}

test(`model and kernel agree on ${PACKETS} packets of all kinds`, { timeout: patienceMs * 5 }, () => {
  using rehearsal = openRehearsal(everything, { partLimits });
  const nextPacket = createPackets(createRandom(seed));
  const reached = new Set<number>();
  for (let count = 0; count < PACKETS; count++) {
    const frame = nextPacket();
    const { model, differences } = compare(everything, rehearsal, frame);
    if (differences.length > 0) expect.fail(simplest(frame, rehearsal));
    reached.add(model.id);
  }
  const rules = [everything.prefilter, everything.ingress.rules, everything.egress.rules].flat();
  const deciding = rules.filter(({ action }) => ['allow', 'drop', 'reject'].includes(action.kind));
  console.log(`FUZZ_SEED=${seed}: ${PACKETS} packets, decided by ${reached.size} rules and reasons`);
  expect(reached.size).toBeGreaterThan(deciding.length / 2);
});

function simplest(frame: TestFrame, rehearsal: Rehearsal): string {
  const cut = (bytes: Uint8Array): TestFrame => ({ ...frame, bytes, wireLength: bytes.length });
  const differences = (bytes: Uint8Array): readonly string[] => compare(everything, rehearsal, cut(bytes)).differences;
  const bytes = minimiseBytes(frame.bytes, SHORTEST_FRAME, (simpler) => differences(simpler).length > 0);
  const found = differences(bytes).length > 0 ? cut(bytes) : frame;
  return [...compare(everything, rehearsal, found).differences, describeFrame(found)].join('\n');
}

/** What the programs return, by verdict: an answer to what is rejected, or its drop where it gets none. */
const returned: Readonly<Record<'ingress' | 'egress', Readonly<Record<TerminalAction, readonly number[]>>>> = {
  ingress: { allow: [2], drop: [1], reject: [3, 1] },
  egress: { allow: [0xffff_ffff], drop: [2], reject: [7, 2] },
};

test('programs as they are in force do what the model says, and answer with whole packets', {
  timeout: patienceMs,
}, () => {
  using generation = buildGeneration(compilePolicy(everything, { partLimits }));
  const runners = { ingress: runnerOf(generation.xdp), egress: runnerOf(generation.tc as Program) };
  using rehearsal = openRehearsal(everything);
  const random = createRandom(seed + 1);
  const nextPacket = createPackets(random);
  let answers = 0;
  for (let count = 0; count < PACKETS / 4; count++) {
    // In a test run it is the loopback, which the policy has no name for.
    const frame = { ...nextPacket(), interface: undefined };
    if (isCutInIpHeader(frame.bytes)) continue;
    allowAnswers(generation);
    const whole = { ...frame, wireLength: frame.bytes.length };
    const { verdict } = compare(everything, rehearsal, whole).model;
    const runner = runners[frame.direction];
    const value = runner.run(frame.bytes);
    const expected = returned[frame.direction][verdict];
    if (!expected.includes(value)) expect.fail(`${verdict}, but returned ${value}: ${describeFrame(whole)}`);
    if (value !== expected[0] || verdict !== 'reject') continue;
    answers++;
    const answer = parseFrame(runner.output, { ifindex: 0 });
    if (answer.rule !== Reason.NONE) expect.fail(`a malformed answer to ${describeFrame(whole)}`);
  }
  expect(answers).toBeGreaterThan(PACKETS / 400);
});

const runnerOf = (program: Program): TestRunner => createTestRunner(program, { output: true });

/** The bucket of reject is full again. */
function allowAnswers({ maps }: Generation): void {
  typedMap(maps.get('xdp', 'limits'), u32, u64).update(0, 0n);
}

/** The kernel's test run at TC takes no such frame. */
function isCutInIpHeader(frame: Uint8Array): boolean {
  const reason: number = parseFrame(frame, { ifindex: 0 }).rule;
  return reason === Reason.TRUNCATED_IPV4 || reason === Reason.TRUNCATED_IPV6;
}
