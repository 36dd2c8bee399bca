import { afterEach, describe, expect, it } from 'vitest';
import { createAssembler, kernelFunctions, link, patchMaps, R0, R1, R2, R3 } from '../../src/asm/index.ts';
import { u32, u64 } from '../../src/kernel/codec.ts';
import {
  BPF_F_XDP_HAS_FRAGS,
  createMap,
  createPerCpuMap,
  createProgramArray,
  createTestRunner,
  enableStatistics,
  loadProgram,
  mapIds,
  onCpu,
  openDescriptorNames,
  programFromId,
  programIds,
  readProgramInfo,
  readSkbContext,
  skbContext,
  testRun,
  VerifierError,
  xdpContext,
} from '../../src/kernel/index.ts';
import { caught } from './caught.ts';
import { assemble, constant, counting } from './programs.ts';
import { refusedPrograms, withRefusedProgram } from './refused-programs.ts';

const XDP_DROP = 1;
const XDP_PASS = 2;
const frame = Uint8Array.from({ length: 64 }, (_, index) => index);

afterEach(() => {
  expect(openDescriptorNames()).toEqual([]);
});

describe('a program that the verifier refuses', () => {
  it.each(refusedPrograms)('$name: says why, and at which instruction', (program) => {
    withRefusedProgram(program, (spec) => {
      const error = caught(() => loadProgram(spec));
      expect(error).toBeInstanceOf(VerifierError);
      if (!(error instanceof VerifierError)) return;
      expect(error.reason).toMatch(program.reason);
      expect(error.instruction).toBe(program.instruction);
      expect(error.problems[0]?.code).toBe('kernel/verifier-refusal');
      expect(error.message).toContain(`program "${program.name}" is refused by the verifier`);
      expect(error.log).toContain(error.reason.split('; ')[0]);
    });
  });

  it('has a whole log, however small the first buffer was', () => {
    const program = refusedPrograms.find(({ name }) => name === 'too-many-jumps');
    if (program === undefined) throw new Error('there is no such program');
    withRefusedProgram(program, (spec) => {
      const error = caught(() => loadProgram({ ...spec, logLevel: 1, logSize: 128 }));
      if (!(error instanceof VerifierError)) throw error;
      expect(error.log.startsWith('0: ')).toBe(true);
      expect(error.log).toContain('The sequence of 8193 jumps is too complex.');
    });
  });

  it('is told from a type or flag that the kernel does not take', () => {
    const code = assemble((asm) => {
      asm.mov(R0, 0);
      asm.exit();
    });
    const error = caught(() => loadProgram({ type: 'sched_cls', name: 'odd', code, flags: 1 << 20 }));
    expect(error).not.toBeInstanceOf(VerifierError);
    expect(error.message).toMatch(
      /^bpf\(BPF_PROG_LOAD\) on program "odd": EINVAL \(the kernel does not take this type/,
    );
  });

  it('may be too long to be looked at', () => {
    const code = new Uint8Array(8 * 1_000_001);
    expect(() => loadProgram({ type: 'xdp', name: 'long', code })).toThrow(
      'program "long" is refused by the verifier: 1,000,001 instructions are more than the kernel takes',
    );
  });
});

describe('a loaded program', () => {
  it('is known to the kernel by name, type and id', () => {
    using map = createMap({ type: 'array', name: 'counter', key: u32, value: u64, maxEntries: 1 });
    using program = counting('xdp', XDP_PASS, map.handle, 'a program: 1');
    const info = readProgramInfo(program);
    expect(info).toMatchObject({ id: program.id, type: 'xdp', name: 'a_program__1', mapIds: [map.handle.id] });
    expect(info.instructionCount).toBeGreaterThan(5);
    expect(info.verifiedInstructions).toBeGreaterThan(5);
    expect([...programIds()]).toContain(program.id);
    expect([...mapIds()]).toContain(map.handle.id);
    using again = programFromId(program.id);
    expect(again).toMatchObject({ type: 'xdp', name: 'a_program__1', id: program.id });
    expect(() => programFromId(0x7fffffff)).toThrow('ENOENT (no program has this id)');
  });

  it('has a log only when asked for', () => {
    const code = assemble((asm) => {
      asm.mov(R0, XDP_PASS);
      asm.exit();
    });
    using silent = loadProgram({ type: 'xdp', name: 'silent', code });
    expect(silent.log).toBe('');
    using verbose = loadProgram({ type: 'xdp', name: 'verbose', code, logLevel: 2 });
    expect(verbose.log).toContain('processed 2 insns');
  });

  it('counts its runs while statistics are enabled', () => {
    using program = constant('xdp', XDP_PASS);
    testRun(program, { data: frame });
    expect(readProgramInfo(program).runCount).toBe(0n);
    using _statistics = enableStatistics();
    testRun(program, { data: frame, repeat: 1000 });
    const { runCount, runTimeNs } = readProgramInfo(program);
    expect(runCount).toBe(1000n);
    expect(runTimeNs).toBeGreaterThan(0n);
  });

  it('may be linked from functions', () => {
    const entry = createAssembler('entry');
    entry.mov(R1, 20);
    entry.callFunction('double');
    entry.exit();
    const double = createAssembler('double');
    double.mov(R0, R1);
    double.add(R0, R1);
    double.exit();
    const code = patchMaps(link(entry.finish(), [double.finish()]), () => undefined);
    using program = loadProgram({ type: 'sched_cls', name: 'linked', code });
    expect(testRun(program, { data: frame }).returnValue).toBe(40);
  });
});

describe('a test run', () => {
  it('returns what the program returned, and the frame', () => {
    using program = constant('xdp', XDP_DROP);
    const result = testRun(program, { data: frame, repeat: 100 });
    expect(result.returnValue).toBe(XDP_DROP);
    expect(result.durationNs).toBeLessThan(1_000_000);
    expect(result.data).toEqual(frame);
  });

  it('returns the frame as the program changed it', () => {
    const code = assemble((asm) => {
      asm.load('u32', R2, R1, 0);
      asm.load('u32', R3, R1, 4);
      asm.mov(R0, R2);
      asm.add(R0, 1);
      asm.jumpIf(R0, 'gt', R3, 'out');
      asm.store('u8', R2, 0, 0xaa);
      asm.label('out');
      asm.mov(R0, XDP_PASS);
      asm.exit();
    });
    using program = loadProgram({ type: 'xdp', name: 'write', code });
    expect(testRun(program, { data: frame }).data[0]).toBe(0xaa);
    const runner = createTestRunner(program, { output: true });
    runner.run(frame);
    expect([runner.output.length, runner.output[0], runner.output[1]]).toEqual([64, 0xaa, 1]);
    expect(frame[0]).toBe(0);
  });

  it('gives an XDP program the interface and the frame it is told to', () => {
    const code = assemble((asm) => {
      asm.load('u32', R2, R1, 0);
      asm.load('u32', R3, R1, 4);
      asm.sub(R3, R2);
      asm.load('u32', R0, R1, 12);
      asm.lsh(R0, 16);
      asm.add(R0, R3);
      asm.exit();
    });
    using program = loadProgram({ type: 'xdp', name: 'ifindex', code });
    const context = xdpContext({ ingressIfindex: 1, frameLength: 64 });
    expect(testRun(program, { data: frame, context }).returnValue).toBe((1 << 16) + 64);
    const runner = createTestRunner(program, { context });
    expect(runner.run(frame)).toBe((1 << 16) + 64);
    expect(runner.run(frame.subarray(0, 20))).toBe((1 << 16) + 20);
  });

  it('takes and gives back the context of a classifier', () => {
    const code = assemble((asm) => {
      asm.load('u32', R0, R1, 8);
      asm.mov(R2, 7);
      asm.store('u32', R1, 8, R2);
      asm.exit();
    });
    using program = loadProgram({ type: 'sched_cls', name: 'mark', code });
    const result = testRun(program, { data: frame, context: skbContext({ mark: 42, ifindex: 1 }) });
    expect(result.returnValue).toBe(42);
    expect(readSkbContext(result.context ?? new Uint8Array())).toMatchObject({ mark: 7, ifindex: 1 });
  });

  it('takes frames of many pages when the program takes fragments', () => {
    const jumbo = new Uint8Array(9000);
    const code = assemble((asm) => {
      asm.call(kernelFunctions.xdp_get_buff_len);
      asm.exit();
    });
    using program = loadProgram({ type: 'xdp', name: 'frags', code, flags: BPF_F_XDP_HAS_FRAGS });
    const runner = createTestRunner(program, { maxFrame: 9000 });
    expect(runner.run(jumbo)).toBe(9000);
    expect(testRun(program, { data: jumbo }).returnValue).toBe(9000);
  });

  it('refuses a frame without a whole Ethernet header', () => {
    using program = constant('xdp', XDP_PASS);
    const error = caught(() => testRun(program, { data: frame.subarray(0, 13) }));
    expect(error.message).toMatch(/^bpf\(BPF_PROG_TEST_RUN\) on program "return_2": EINVAL \(a frame of 13 bytes/);
    expect(() => createTestRunner(program).run(frame.subarray(0, 13))).toThrow(error.message);
    expect(() => createTestRunner(program, { maxFrame: 32 }).run(frame)).toThrow(RangeError);
  });

  it('leaves what it counts on the CPU that it is kept on', () => {
    using map = createPerCpuMap({ type: 'percpu_array', name: 'counter', key: u32, value: u64, maxEntries: 1 });
    using program = counting('xdp', XDP_PASS, map.handle);
    onCpu((cpu) => {
      testRun(program, { data: frame, repeat: 5 });
      expect(map.lookup(0)?.map(Number)).toEqual(map.lookup(0)?.map((_, index) => (index === cpu ? 5 : 0)));
    });
  });
});

describe('a tail call', () => {
  it('goes to the program that is in the array now', () => {
    using stages = createProgramArray({ name: 'stages', maxEntries: 2 });
    const code = assemble(
      (asm) => {
        asm.loadMap(R2, 'stages');
        asm.mov(R3, 1);
        asm.call(kernelFunctions.tail_call);
        asm.mov(R0, XDP_DROP);
        asm.exit();
      },
      { stages: stages.handle },
    );
    using entry = loadProgram({ type: 'xdp', name: 'entry', code });
    using pass = constant('xdp', XDP_PASS);
    expect(testRun(entry, { data: frame }).returnValue).toBe(XDP_DROP);
    stages.set(1, pass);
    expect(stages.programId(1)).toBe(pass.id);
    expect(testRun(entry, { data: frame }).returnValue).toBe(XDP_PASS);
    expect(stages.delete(1)).toBe(true);
    expect(testRun(entry, { data: frame }).returnValue).toBe(XDP_DROP);
    using classifier = constant('sched_cls', 0);
    expect(() => stages.set(0, classifier)).toThrow('bpf(BPF_MAP_UPDATE_ELEM) on map "stages": EINVAL');
    expect(() => stages.set(2, pass)).toThrow('the index is beyond the last entry');
  });
});
