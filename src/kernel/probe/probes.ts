import { createAssembler, link, R0 } from '../../asm/index.ts';
import { SluiceError } from '../../diagnostics/problem.ts';
import { createLink } from '../link/create.ts';
import { createMapHandle, type MapDefinition } from '../map/handle.ts';
import { loadProgram, type ProgramSpec } from '../program/load.ts';
import { sendLiveFrames } from '../program/test-run.ts';
import { VerifierError } from '../program/verifier-error.ts';
import { errno, errnoName } from '../system/errno.ts';
import { SystemCallError } from '../system/system-call.ts';
import type { ProgramType } from '../system/uapi-bpf.ts';

/** What came out of trying one feature. */
export interface ProbeOutcome {
  /** Undefined where it could not be tried: for want of a right, for one. */
  readonly supported: boolean | undefined;
  /** How it is known: `loads`, or what the kernel answered. */
  readonly detail: string;
}

/** Tries something that the kernel refuses where it lacks the feature. */
function attempt(action: () => string): ProbeOutcome {
  try {
    return { supported: true, detail: action() };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    const untried = error instanceof SystemCallError && error.errno === errno.EPERM;
    return { supported: untried ? undefined : false, detail: error.message };
  }
}

/** Whether a program of this type that only returns can be loaded. */
export function probeProgram(type: ProgramType, options: Partial<ProgramSpec> = {}): ProbeOutcome {
  return attempt(() => {
    loadProgram({ type, name: 'probe', code: returning(0), ...options }).close();
    return 'a program loads';
  });
}

/** Whether a map can be created. */
export function probeMap(definition: Omit<MapDefinition, 'name'>): ProbeOutcome {
  return attempt(() => {
    createMapHandle({ name: 'probe', ...definition }).close();
    return 'a map can be created';
  });
}

/** What the verifier says where it does not know a kernel function, or not for this type of program. */
const unknownFunction = /invalid func|unknown func|cannot use helper/;

/** Whether programs of this type may call the kernel function of that number. Its arguments are not looked at. */
export function probeKernelFunction(type: ProgramType, kernelFunction: number): ProbeOutcome {
  const asm = createAssembler('probe');
  asm.call(kernelFunction);
  asm.mov(R0, 0);
  asm.exit();
  try {
    loadProgram({ type, name: 'probe', code: link(asm.finish(), []).code }).close();
    return { supported: true, detail: 'can be called' };
  } catch (error) {
    // The arguments are missing, of course: the complaint shows that the function is known.
    if (error instanceof VerifierError && !unknownFunction.test(error.log)) {
      return { supported: true, detail: 'can be called' };
    }
    return attempt(() => {
      throw error;
    });
  }
}

/** Whether there are TCX hooks, without an interface to try it on. */
export function probeTcx(): ProbeOutcome {
  return attempt(() => {
    using program = loadProgram({ type: 'sched_cls', name: 'probe', code: returning(0) });
    const nowhere = 0x7fffffff;
    const result = -createLink({ program, ifindex: nowhere, attachType: 'BPF_TCX_INGRESS', flags: 0 });
    if (result === errno.ENODEV) return 'links can be made';
    const detail = errnoName(result);
    throw new SluiceError({ code: 'kernel/not-supported', message: `a TCX link cannot be made: ${detail}` });
  });
}

/** Whether a test run can send frames for real; one is dropped. */
export function probeLiveFrames(): ProbeOutcome {
  return attempt(() => {
    const drop = 1;
    using program = loadProgram({ type: 'xdp', name: 'probe', code: returning(drop) });
    sendLiveFrames(program, { data: new Uint8Array(64), count: 1 });
    return 'a frame was sent';
  });
}

function returning(value: number): Uint8Array {
  const asm = createAssembler('probe');
  asm.mov(R0, value);
  asm.exit();
  return link(asm.finish(), []).code;
}
