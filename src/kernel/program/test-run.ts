import { bpf, bpfError, type Explanation } from '../system/bpf.ts';
import { testRunAttr } from '../system/bpf-attr.ts';
import { errno } from '../system/errno.ts';
import { rawSyscall } from '../system/ffi.ts';
import { systemCallNumber } from '../system/system-call.ts';
import { BPF_F_TEST_XDP_LIVE_FRAMES, commands } from '../system/uapi-bpf.ts';
import type { Program } from './load.ts';
import { frameEndOffset } from './test-context.ts';

export interface TestRun {
  /** The frame, from the Ethernet header on: 14 bytes at least. */
  readonly data: Uint8Array;
  /** From `xdpContext` or `skbContext`; the kernel makes one up where left out. */
  readonly context?: Uint8Array;
  /** How often the program is run on the frame; what it changed stays changed. 1 where left out. */
  readonly repeat?: number;
  /** Bytes of room for the frame as the program left it; where left out, 256 more than `data`. */
  readonly outputSize?: number;
}

export interface TestRunResult {
  /** What the program returned: `XDP_DROP` is 1. */
  readonly returnValue: number;
  /** Of one run, averaged over `repeat`, without the system call. */
  readonly durationNs: number;
  /** The frame as the program left it. */
  readonly data: Uint8Array;
  /** The context as the program left it, where one was given. */
  readonly context: Uint8Array | undefined;
}

/** Runs a program on a frame, without a network. */
export function testRun(program: Program, run: TestRun): TestRunResult {
  const output = new Uint8Array(run.outputSize ?? run.data.length + 256);
  const contextOut = run.context === undefined ? undefined : new Uint8Array(run.context.length);
  const attr = testRunAttr.encode({
    prog_fd: program.fd,
    data_in: run.data,
    data_size_in: run.data.length,
    data_out: output,
    data_size_out: output.length,
    ctx_in: run.context,
    ctx_size_in: run.context?.length ?? 0,
    ctx_out: contextOut,
    ctx_size_out: contextOut?.length ?? 0,
    repeat: run.repeat ?? 1,
  });
  bpf('BPF_PROG_TEST_RUN', attr, describe(program), (value) => explain(value, run.data.length));
  const result = testRunAttr.decode(attr.bytes);
  return {
    returnValue: result.retval,
    durationNs: result.duration,
    data: output.subarray(0, result.data_size_out),
    context: contextOut,
  };
}

export interface LiveFrames {
  /** The frame, from the Ethernet header on. */
  readonly data: Uint8Array;
  /** With the interface that the frames seem to come in on: `xdpContext`. */
  readonly context?: Uint8Array;
  readonly count: number;
  /** Frames handed on at a time, up to 256; 64 where left out. */
  readonly batchSize?: number;
}

/**
 * Sends frames through an XDP program for real: XDP_TX and XDP_REDIRECT go to interfaces, XDP_PASS to the stack. The
 * fastest packet generator there is. Blocks until all are sent; the thread stays on its CPU.
 * Since Linux 5.18.
 */
export function sendLiveFrames(program: Program, frames: LiveFrames): void {
  const attr = testRunAttr.encode({
    prog_fd: program.fd,
    data_in: frames.data,
    data_size_in: frames.data.length,
    ctx_in: frames.context,
    ctx_size_in: frames.context?.length ?? 0,
    repeat: frames.count,
    flags: BPF_F_TEST_XDP_LIVE_FRAMES,
    batch_size: frames.batchSize ?? 64,
  });
  bpf('BPF_PROG_TEST_RUN', attr, describe(program), (value) => explain(value, frames.data.length));
}

/** Runs one program on many frames: one run costs little more than the system call. */
export interface TestRunner {
  /** Runs the program on a frame and returns what it returned. */
  run(frame: Uint8Array): number;
  /** The context that the next run gets. Change it in place; the frame's end in an `xdpContext` is kept up. */
  readonly context: Uint8Array | undefined;
  /** Of the last run. */
  readonly durationNs: number;
  /** The frame as the last run left it, until the next run: empty unless asked for with `output`. */
  readonly output: Uint8Array;
}

export interface TestRunnerOptions {
  /** The longest frame, bytes. 4,096 where left out. */
  readonly maxFrame?: number;
  /** From `xdpContext` or `skbContext`. */
  readonly context?: Uint8Array;
  /** Whether the frame is wanted back; it costs a copy. */
  readonly output?: boolean;
}

/**
 * Prepares a program for many test runs: buffers and attributes are made, and addresses asked for, once. The program
 * must stay open for as long as the runner is used.
 */
export function createTestRunner(program: Program, options: TestRunnerOptions = {}): TestRunner {
  const maxFrame = options.maxFrame ?? 4096;
  const input = new Uint8Array(maxFrame);
  const output = new Uint8Array(options.output === true ? maxFrame + 256 : 0);
  const context = options.context?.slice();
  const frameEnd = context === undefined ? undefined : frameEndOffset(program.type);
  const contextView = context === undefined ? undefined : new DataView(context.buffer);
  const { view, address, bytes, pointees } = testRunAttr.encode({
    prog_fd: program.fd,
    data_in: input,
    data_out: options.output === true ? output : undefined,
    ctx_in: context,
    ctx_size_in: context?.length ?? 0,
    repeat: 1,
  });
  const { offsets } = testRunAttr;
  const [bpfNumber, command] = [systemCallNumber('bpf'), commands.BPF_PROG_TEST_RUN];

  return {
    context,
    run(frame) {
      input.set(frame);
      view.setUint32(offsets.prog_fd, program.fd, true);
      view.setUint32(offsets.data_size_in, frame.length, true);
      view.setUint32(offsets.data_size_out, output.length, true);
      if (frameEnd !== undefined) contextView?.setUint32(frameEnd, frame.length, true);
      const result = rawSyscall(bpfNumber, command, address, bytes.length);
      if (result < 0) throw bpfError('BPF_PROG_TEST_RUN', -result, describe(program), explain(-result, frame.length));
      return view.getUint32(offsets.retval, true);
    },
    get durationNs() {
      return view.getUint32(offsets.duration, true);
    },
    get output() {
      return pointees.includes(output) ? output.subarray(0, view.getUint32(offsets.data_size_out, true)) : output;
    },
  };
}

function explain(value: number, length: number): Explanation | undefined {
  switch (value) {
    case errno.EINVAL:
      return { detail: `a frame of ${length} bytes or its context is not possible for this program` };
    case errno.ENOSPC:
      return { detail: 'the program made the frame longer than the room for it' };
    case errno.ENOTSUPP:
    case errno.EOPNOTSUPP:
      return { code: 'kernel/not-supported', detail: 'programs of this type have no test run' };
    default:
      return undefined;
  }
}

function describe(program: Program): string {
  return `program "${program.name}"`;
}
