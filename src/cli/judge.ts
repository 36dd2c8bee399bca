import { SluiceError } from '../diagnostics/problem.ts';
import { didYouMean } from '../diagnostics/suggest.ts';
import type { CheckedPolicy } from '../policy/checked.ts';
import type { Circumstances, Decision } from '../policy/decision.ts';
import { exampleInterface, matchesAny } from '../policy/interface-pattern.ts';

/** Answers for one policy, packet by packet. */
export interface Judge {
  /** `kernel`: the compiled program. */
  readonly kind: 'kernel' | 'model';
  judge(frame: Uint8Array, circumstances: Circumstances): Decision;
  close(): void;
}

/** The compiled program in the kernel, or with `model` the reference model, which needs no rights. */
export async function openJudge(policy: CheckedPolicy, { model = false }: { model?: boolean }): Promise<Judge> {
  return model ? openModel(policy) : openKernel(policy);
}

async function openModel(policy: CheckedPolicy): Promise<Judge> {
  const [{ judge }, { parseFrame }] = await Promise.all([import('../policy/model.ts'), import('../packet/parse.ts')]);
  return {
    kind: 'model',
    judge(frame, { direction, interface: name, wireLength = frame.length, timeMs }) {
      const packet = parseFrame(frame, { ifindex: 0, frameLength: wireLength });
      return judge(policy, frame, packet, direction, name, timeMs);
    },
    close: () => undefined,
  };
}

async function openKernel(policy: CheckedPolicy): Promise<Judge> {
  const { openRehearsal } = await import('../datapath/rehearsal.ts');
  try {
    const rehearsal = openRehearsal(policy);
    return { kind: 'kernel', judge: rehearsal.judge, close: rehearsal.close };
  } catch (error) {
    throw suggestModel(error);
  }
}

/** Who may not load programs can still ask the model. */
function suggestModel(error: unknown): unknown {
  if (!(error instanceof SluiceError) || error.problems[0]?.code !== 'kernel/no-permission') return error;
  const help = 'run it as root, or with --model, which asks the reference model and needs no rights';
  return new SluiceError(
    error.problems.map((problem) => ({ ...problem, help })),
    { cause: error },
  );
}

/**
 * The interface that a packet is judged on: the one asked for, else the policy's first, or one that its glob stands for.
 * @throws SluiceError cli/usage where the policy does not have it
 */
export function interfaceOf(policy: CheckedPolicy, asked: string | undefined): string | undefined {
  if (asked === undefined) return exampleInterface({ any: policy.interfaces, none: [] });
  if (matchesAny(policy.interfaces, asked)) return asked;
  throw new SluiceError({
    code: 'cli/usage',
    message: `interface "${asked}" is none of the policy's`,
    help: didYouMean(asked, policy.interfaces) ?? `the policy is for ${policy.interfaces.join(', ') || 'no interface'}`,
  });
}
