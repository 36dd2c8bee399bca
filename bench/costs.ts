import { createAssembler, kernelFunctions, link, patchMaps, R0, R1, R2, R3, R6, R7 } from '../src/asm/index.ts';
import {
  BPF_F_XDP_HAS_FRAGS,
  createProgramArray,
  loadProgram,
  type Program,
  type ProgramArray,
  testRun,
} from '../src/kernel/index.ts';

/** An XDP program whose cost is to be known. */
export interface Subject {
  readonly id: string;
  readonly title: string;
  readonly program: Program;
  /** Whether it was loaded with BPF_F_XDP_HAS_FRAGS: a tail call only goes to its like. */
  readonly multiBuffer: boolean;
}

const FRAME_LENGTH = 60;
const IP = 14;
const TRANSPORT = 34;
const REPEAT = 500_000;
const [TCP, UDP] = [6, 17];

/**
 * What each subject costs over an empty program, nanoseconds a packet, a value a round. Every packet has a header of
 * its own (addresses, ports, TCP or UDP), since a hot key flatters any table. The program that makes the headers goes
 * on to the subject by a tail call; the same before an empty program is taken off.
 */
export function costsOf(subjects: readonly Subject[], rounds: number): Map<string, number[]> {
  const opened: Randomised[] = [];
  const open = (target: Program, multiBuffer: boolean): Randomised => {
    const run = randomised(target, multiBuffer);
    opened.push(run);
    return run;
  };
  const costs = new Map<string, number[]>(subjects.map(({ id }) => [id, []]));
  try {
    const runs = subjects.map(({ id, program, multiBuffer }) => {
      using empty = emptyProgram(multiBuffer);
      return { id, subject: open(program, multiBuffer), empty: open(empty, multiBuffer) };
    });
    for (let round = 0; round < rounds; round++) {
      for (const { id, subject, empty } of runs) costs.get(id)?.push(subject.run() - empty.run());
    }
  } finally {
    for (const run of opened) run.close();
  }
  return costs;
}

interface Randomised {
  /** Nanoseconds a packet. */
  run(): number;
  close(): void;
}

function randomised(target: Program, multiBuffer: boolean): Randomised {
  const targets = createProgramArray({ name: 'bench_target', maxEntries: 1 });
  const program = loadRandomiser(targets, multiBuffer);
  targets.set(0, target);
  return {
    run: () => testRun(program, { data: frame(), repeat: REPEAT }).durationNs,
    close() {
      program.close();
      targets.close();
    },
  };
}

function loadRandomiser(targets: ProgramArray, multiBuffer: boolean): Program {
  const a = createAssembler('randomise');
  a.mov(R6, R1);
  a.load('u32', R7, R6, 0);
  a.load('u32', R2, R6, 4);
  a.mov(R3, R7);
  a.add(R3, TRANSPORT + 20);
  a.jumpIf(R3, 'gt', R2, 'out');
  a.call(kernelFunctions.get_prandom_u32);
  a.store('u32', R7, IP + 12, R0);
  a.call(kernelFunctions.get_prandom_u32);
  a.store('u32', R7, TRANSPORT, R0);
  a.and32(R0, 1);
  a.mul32(R0, UDP - TCP);
  a.add32(R0, TCP);
  a.store('u8', R7, IP + 9, R0);
  a.mov(R1, R6);
  a.loadMap(R2, 'targets');
  a.mov(R3, 0);
  a.call(kernelFunctions.tail_call);
  a.label('out');
  a.mov(R0, 0);
  a.exit();
  const code = patchMaps(link(a.finish(), []), () => targets.handle.fd);
  return loadProgram({ type: 'xdp', name: 'randomise', code, flags: flagsFor(multiBuffer) });
}

function emptyProgram(multiBuffer: boolean): Program {
  const a = createAssembler('empty');
  a.mov(R0, 1);
  a.exit();
  return loadProgram({ type: 'xdp', name: 'empty', code: link(a.finish(), []).code, flags: flagsFor(multiBuffer) });
}

const flagsFor = (multiBuffer: boolean): number => (multiBuffer ? BPF_F_XDP_HAS_FRAGS : 0);

/** IPv4 with a transport header that reads well both as TCP (a SYN) and as UDP. */
function frame(): Uint8Array {
  const bytes = new Uint8Array(FRAME_LENGTH);
  bytes.set([0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 0, 0x08, 0x00]);
  bytes.set([0x45, 0, 0, FRAME_LENGTH - IP, 0, 0, 0x40, 0, 64, TCP, 0, 0, 198, 51, 100, 7, 192, 0, 2, 10], IP);
  bytes.set([0, 0, 0, 0, 0, FRAME_LENGTH - TRANSPORT, 0, 0, 0, 0, 0, 0, 0x50, 0x02, 0xff, 0xff], TRANSPORT);
  return bytes;
}
