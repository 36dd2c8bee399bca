import { type BpfFunction, canBeInlined, inlineCalls, type LinkedProgram, link, patchMaps } from '../asm/index.ts';
import { SluiceError } from '../diagnostics/problem.ts';
import { PROGRAM_REJECT } from '../generated/abi.ts';
import {
  BPF_F_XDP_HAS_FRAGS,
  bootEpochMs,
  loadProgram,
  type MapHandle,
  type Program,
  VerifierError,
} from '../kernel/index.ts';
import { loadFunctionBtf } from '../kernel/program/function-btf.ts';
import type { CompiledHook, CompiledPolicy } from '../policy/compile.ts';
import { placeOfRule } from '../policy/rule-place.ts';
import { createGenerationMaps, type GenerationMaps } from './generation-maps.ts';
import { explainMemory } from './no-memory.ts';
import { dataPlane } from './objects.ts';
import type { RuntimeMembers } from './runtime-members.ts';
import { groupsOf, hashSeed } from './tracking.ts';
import { writeSchedules } from './windows.ts';

/** A whole set of programs for one policy, loaded and verified, attached to nothing. Immutable but for its maps. */
export interface Generation {
  readonly compiled: CompiledPolicy;
  /** Attached to XDP. */
  readonly xdp: Program;
  /** Attached to TC egress, where the policy judges what leaves. */
  readonly tc: Program | undefined;
  /** Attached to TC ingress of interfaces that are chained, in the place of `xdp`. */
  readonly chained: Program | undefined;
  /** Attached to TC ingress, where a rule marks: carries the mark from XDP into the skb. */
  readonly mark: Program | undefined;
  readonly programs: readonly LoadedProgram[];
  readonly maps: GenerationMaps;
  close(): void;
  [Symbol.dispose](): void;
}

export interface LoadedProgram {
  readonly hook: HookName;
  readonly program: Program;
  readonly linked: LinkedProgram;
}

export type HookName = 'xdp' | 'tc' | 'chained';

export interface GenerationOptions {
  /** Built for test runs: reads what to pretend from the map `rehearsal` and writes its verdict there. */
  readonly rehearse?: boolean;
  /** With `rehearse`: connections are tracked as the policy says; otherwise each packet is judged as a new one's. */
  readonly track?: boolean;
  /** Judges and counts, and leaves what is done to the generation whose entries are put into its maps `enforced`. */
  readonly observe?: boolean;
  /** How many groups the tables of connections have that it is given, where that is not by its policy. */
  readonly tables?: { readonly proven: number; readonly unproven: number };
  /** A map of an earlier generation that this one goes on with, by its name: the generation owns what it is given. */
  readonly inherit?: (map: string) => MapHandle | undefined;
  /** In whose place this one comes: sets that count go on with their maps. */
  readonly earlier?: Generation;
  /** What dynamic sets hold besides what the policy lists. */
  readonly runtimeMembers?: RuntimeMembers;
}

/**
 * Links the compiled policy with the data plane and loads all of it. What has been made is released when something
 * fails.
 * @throws SluiceError with the rule whose code the verifier does not accept
 */
export function buildGeneration(compiled: CompiledPolicy, options: GenerationOptions = {}): Generation {
  const groups = options.tables ?? groupsOf(compiled.plan.policy.connections);
  const constants: Readonly<Record<string, number | bigint>> = {
    ...compiled.constants,
    ...(options.rehearse && { rehearse: 1, ...(!options.track && { has_tracking: 0 }) }),
    ...(options.observe && { observing: 1 }),
    connection_group_count: groups.proven,
    unproven_group_count: groups.unproven,
    hash_seed: hashSeed(),
  };
  const maps = createGenerationMaps(
    compiled,
    constants,
    options.inherit,
    options.earlier?.maps.recordSets,
    options.runtimeMembers,
  );
  const actsOnPackets = !options.rehearse && !options.observe;
  const programs: LoadedProgram[] = [];

  function load(hook: HookName, entry: BpfFunction, functions: readonly BpfFunction[]): Program {
    const linked = link(entry, functions);
    const code = patchMaps(linked, (name) => maps.get(hook, name).fd);
    const frags = hook === 'xdp' && constants['multi_buffer'] === 1;
    using btf = loadFunctionBtf(linked.functions);
    const definition = {
      type: hook === 'xdp' ? 'xdp' : 'sched_cls',
      name: entry.name,
      code,
      license: dataPlane(hook).license,
      btf,
      ...(frags && { flags: BPF_F_XDP_HAS_FRAGS }),
    } as const;
    const program = explainRefusal(compiled, linked, () =>
      explainMemory(`program "${entry.name}"`, code.byteLength, () => loadProgram(definition)),
    );
    programs.push({ hook, program, linked });
    return program;
  }

  function loadHook(hook: HookName, { functions, parts }: CompiledHook): Program {
    const object = dataPlane(hook);
    const entry = object.functions.get(`sluice_${hook}${options.observe ? '_observe' : ''}`) as BpfFunction;
    const available = [...object.functions.values(), ...functions].filter((fn) => fn !== entry);
    const named = (name: string): BpfFunction => object.functions.get(name) as BpfFunction;
    const targets = parts.map((part) => [part.index, part.function] as const);
    // The answer to a rejected packet must not be sent from a test run.
    if (rejects(compiled, hook) && actsOnPackets) targets.push([PROGRAM_REJECT, named(`sluice_${hook}_reject`)]);
    for (const [index, fn] of targets) maps.programs(hook).set(index, load(hook, fn, available));
    const stages = functions.filter(canBeInlined).map((fn) => [fn.name, fn] as const);
    // Of an observer, the stack has to leave room for a tail call that comes back.
    return load(hook, options.observe ? entry : inlineCalls(entry, new Map(stages)), available);
  }

  const close = closing(programs, maps);
  try {
    const xdp = loadHook('xdp', compiled.xdp);
    const tc = compiled.tc && loadHook('tc', compiled.tc);
    const chained = compiled.chained && loadHook('chained', compiled.chained);
    const marks = constants['has_mark'] === 1 && actsOnPackets;
    const mark = marks ? loadMark() : undefined;
    const windows = maps.all.get('windows');
    if (windows && !options.rehearse) writeSchedules(windows, compiled.windows.all, Date.now(), bootEpochMs());
    return { compiled, xdp, tc, chained, mark, programs, maps, close, [Symbol.dispose]: close };
  } catch (error) {
    close();
    throw error;
  }

  function loadMark(): Program {
    return load('tc', dataPlane('xdp').functions.get('sluice_mark') as BpfFunction, []);
  }
}

/** Made here, so that a generation does not keep the earlier one in memory that it was built from, and that one the next. */
const closing = (programs: readonly LoadedProgram[], maps: GenerationMaps) => (): void => {
  for (const { program } of programs) program.close();
  maps.close();
};

function rejects({ plan }: CompiledPolicy, hook: HookName): boolean {
  return plan.stages
    .filter(({ stage }) => (stage === 'egress') === (hook === 'tc'))
    .some(({ default: end, rules, neighbourRules }) => {
      return end === 'reject' || [...rules, ...neighbourRules].some(({ action }) => action.kind === 'reject');
    });
}

/** Says which rule's code the verifier complains of, where it is a rule's. */
function explainRefusal<T>(compiled: CompiledPolicy, linked: LinkedProgram, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof VerifierError) || error.instruction === undefined) throw error;
    const index = linked.slots[error.instruction]?.rule;
    if (index === undefined) throw error;
    const { rule, place } = placeOfRule(compiled.plan.policy, index);
    throw new SluiceError(
      {
        code: 'kernel/verifier-refusal',
        message: `rule "${rule.name}" became code that the verifier refuses: ${error.reason}`,
        place,
      },
      { cause: error },
    );
  }
}
