import type { Assembler, BpfFunction } from '../asm/index.ts';
import { SluiceError } from '../diagnostics/problem.ts';
import { FIRST_LOG_LIMIT, FIRST_PART, FIRST_RULE, Reason, Verdict } from '../generated/abi.ts';
import type { CheckedPolicy } from './checked.ts';
import type { Classifier } from './classifier/classifier.ts';
import type { Emitter } from './emit/emitter.ts';
import type { ClassifierTable } from './emit/entry.ts';
import { type Hook, hooks } from './emit/hook.ts';
import { recordFinder } from './emit/record-finder.ts';
import {
  type Chain,
  type ChainOptions,
  emitChain,
  type PartLimits,
  partLimits,
  utmostPartLimits,
} from './emit/stage.ts';
import { createInterfaceTable, type InterfaceTable } from './interface-table.ts';
import type { LoweredRule } from './lower.ts';
import type { OperandTable } from './operands.ts';
import { type Plan, planPolicy, type StagePlan } from './plan.ts';
import { type Structure, structureChain } from './structure.ts';
import { createBitmapTable, createSetTable, type TrieMap } from './tables.ts';
import { verdictOf } from './verdict.ts';
import { createWindowTable, type WindowTable } from './window-table.ts';

export interface CompileOptions {
  /** Compile for XDP frames of several buffers (Linux 5.18). */
  readonly multiBuffer?: boolean;
  /** When a program is full and goes on in the next: small in tests. */
  readonly partLimits?: PartLimits;
  /** How to ask rules whatever it costs: for experiments. */
  readonly structure?: 'straight' | 'trees';
  /** An earlier version of the policy: what did not change is taken from it, and not built again. */
  readonly previous?: CompiledPolicy;
}

/** A policy as eBPF, not yet linked with the data plane's C nor loaded. */
export interface CompiledPolicy {
  readonly plan: Plan;
  readonly xdp: CompiledHook;
  /** Where the policy judges what leaves. */
  readonly tc?: CompiledHook;
  /** Incoming packets at TC, where an interface is chained: what `xdp` has, for the other kind of program. */
  readonly chained?: CompiledHook;
  readonly tries: readonly TrieMap[];
  /** Chains of rules by their names, as they are asked. */
  readonly structures: ReadonlyMap<string, Structure>;
  readonly tables: readonly ClassifierTable[];
  readonly operands: readonly OperandTable[];
  /** The value of the map `bitmaps`; empty where none is used. */
  readonly bitmaps: Uint8Array;
  /** What the entries of the map `windows` stand for; none where no rule has a `when`. */
  readonly windows: WindowTable;
  readonly interfaces: InterfaceTable;
  /** Entries of the map `counters` for each CPU: reasons, then rules. */
  readonly counters: number;
  /** Entries of the map `limits`: the data plane's own, then one a log rule. */
  readonly limits: number;
  /** The data plane's constants (bpf/lib/config.h) that follow from the policy. */
  readonly constants: Readonly<Record<string, number>>;
}

export interface CompiledHook {
  /** The functions that stand for the C object's undefined ones, and those that they call. */
  readonly functions: readonly BpfFunction[];
  /** Programs by their index in the map `programs`; 0 is the data plane's. */
  readonly parts: readonly { readonly index: number; readonly function: BpfFunction }[];
  /** Tail calls that a packet makes at most to get through them. */
  readonly longestWay: number;
}

/**
 * A packet may make 33 tail calls (Linux, MAX_TAIL_CALL_CNT). One is the switch's while a generation takes the place of
 * another, one an observer's, and one goes to the answer to a rejected packet.
 */
export const MAX_PARTS = 30;

/** The pipeline behind check: lower and optimise (the plan), emit, split. */
export function compilePolicy(policy: CheckedPolicy, options: CompileOptions = {}): CompiledPolicy {
  const plan = planPolicy(policy);
  const sets = createSetTable(policy.sets, options.previous?.tries);
  const bitmaps = createBitmapTable();
  const windows = createWindowTable();
  const interfaces = createInterfaceTable(policy);
  const logs = logRules(policy);
  const structures = new Map<string, Structure>();
  const tables = new Map<string, ClassifierTable>();
  const toChain = ({ rules: asked, ...chain }: PlannedChain): Chain => {
    const { name } = chain;
    const force = options.structure;
    const previous = options.previous?.structures.get(name);
    const structure = structureChain(asked, {
      chain: name,
      sets: policy.sets,
      ...(force && { force }),
      ...(previous && { previous }),
    });
    structures.set(name, structure);
    return { ...chain, structure };
  };

  function compileHook(hook: Hook, chains: readonly Chain[]): CompiledHook {
    const emitterFor = (asm: Assembler): Emitter => ({
      asm,
      hook,
      sets,
      bitmaps,
      windows,
      firstLogRule: logs.first,
      interfaces,
      multiBuffer: options.multiBuffer ?? false,
    });
    const code = emitHook(chains, {
      emitterFor,
      tableOf: (block) => {
        const table = { map: block.map, classifier: block.classifier, capacity: capacityOf(block.classifier) };
        tables.set(block.map, table);
        return table;
      },
      ...(options.partLimits && { limits: options.partLimits }),
    });
    const finders = sets.tries.flatMap((trie) => (trie.finder === undefined ? [] : recordFinder(trie, trie.finder)));
    return { ...code, functions: [...code.functions, ...finders] };
  }

  const hasPrefilter = policy.prefilter.length > 0;
  const egress = plan.stages.filter(({ stage }) => stage === 'egress');
  const ingress = plan.stages.filter(({ stage }) => stage !== 'egress');
  const incoming = [...(hasPrefilter ? [] : [noPrefilter]), ...ingress.flatMap(chainsOf)].map(toChain);
  const xdp = compileHook(hooks.xdp, incoming);
  const chained = policy.chained.length > 0 ? compileHook(hooks.tc, incoming) : undefined;
  const tc = egress.length > 0 ? compileHook(hooks.tc, egress.flatMap(chainsOf).map(toChain)) : undefined;
  const counters = FIRST_RULE + policy.prefilter.length + policy.ingress.rules.length + policy.egress.rules.length;
  return {
    plan,
    xdp,
    ...(tc && { tc }),
    ...(chained && { chained }),
    tries: sets.tries,
    structures,
    tables: [...tables.values()],
    operands: [...structures.values()].flatMap(operandsOfStructure),
    bitmaps: bitmaps.contents(),
    windows,
    interfaces,
    counters,
    limits: FIRST_LOG_LIMIT + logs.count,
    constants: {
      has_prefilter: hasPrefilter ? 1 : 0,
      has_mark: marks(plan) ? 1 : 0,
      has_chained: chained ? 1 : 0,
      has_interfaces: interfaces.questions.length > 0 ? 1 : 0,
      multi_buffer: options.multiBuffer ? 1 : 0,
      counters_per_cpu: counters,
      malformed_verdict: verdictOf[policy.malformed],
      has_tracking: policy.connections ? 1 : 0,
      evict: policy.connections?.full === 'refuse' ? 0 : 1,
      keep_established: policy.connections?.keepEstablished ? 1 : 0,
      asymmetric: policy.connections?.asymmetric ? 1 : 0,
    },
  };
}

const operandsOfStructure = (structure: Structure): OperandTable[] =>
  structure.kind === 'straight'
    ? []
    : [...structure.v4, ...structure.v6].flatMap((block) => (block.kind === 'trees' && block.operands) || []);

const marks = ({ stages }: Plan): boolean =>
  stages.some((stage) => [stage.rules, stage.neighbourRules].some((list) => list.some(isMark)));
const isMark = ({ action }: LoweredRule): boolean => action.kind === 'mark';

/** The log rules' numbers: each has a limit of its own, and those between them one that is not used. */
function logRules({ prefilter, ingress, egress }: CheckedPolicy): { first: number; count: number } {
  const all = [...prefilter, ...ingress.rules, ...egress.rules].filter(({ action }) => action.kind === 'log');
  const [first, last] = [all[0]?.index ?? 0, all.at(-1)?.index ?? -1];
  return { first, count: last - first + 1 };
}

const capacityOf = ({ image }: Classifier): number => 2 ** Math.ceil(Math.log2(image.length));

function emitHook(chains: readonly Chain[], options: Omit<ChainOptions, 'nextProgram'>): CompiledHook {
  // Programs that are longer than they need to be take the verifier longer.
  const limits = options.limits ? [options.limits] : [partLimits, utmostPartLimits];
  let longestWay = 0;
  for (const some of limits) {
    const code = emitParts(chains, { ...options, limits: some });
    if (code.longestWay <= MAX_PARTS) return code;
    longestWay = code.longestWay;
  }
  throw new SluiceError({
    code: 'policy/too-many-rules',
    message: `the rules fill ${longestWay + 1} programs, and a packet may go through ${MAX_PARTS + 1}`,
  });
}

function emitParts(chains: readonly Chain[], options: Omit<ChainOptions, 'nextProgram'>): CompiledHook {
  const functions: BpfFunction[] = [];
  const parts: { index: number; function: BpfFunction }[] = [];
  let next = FIRST_PART;
  let longestWay = 0;
  for (const chain of chains) {
    const first = next;
    const code = emitChain(chain, { ...options, nextProgram: () => next++ });
    functions.push(code.entry, ...code.called);
    longestWay += code.longestWay;
    code.parts.forEach((part, i) => {
      parts.push({ index: first + i, function: part });
    });
  }
  return { functions, parts, longestWay };
}

const handsOn = { id: Reason.NONE, verdict: Verdict.NONE } as const;

type PlannedChain = Omit<Chain, 'structure'> & { readonly rules: readonly LoweredRule[] };

/** The C object's call needs a target, also where `has_prefilter` keeps it from being made. */
const noPrefilter: PlannedChain = { name: 'stage_prefilter', rules: [], end: handsOn };

/** The stage's chain, and the one for ARP and neighbour discovery, which pass where no rule speaks of them. */
function chainsOf({ stage, rules, neighbourRules, default: end }: StagePlan): PlannedChain[] {
  const name = `stage_${stage}`;
  const neighbours = `${name}_neighbours`;
  const ends = {
    prefilter: Reason.NONE,
    ingress: Reason.DEFAULT_INGRESS,
    egress: Reason.DEFAULT_EGRESS,
  } as const;
  return [
    { name, rules, neighbours, end: end ? { id: ends[stage], verdict: verdictOf[end] } : handsOn },
    {
      name: neighbours,
      rules: neighbourRules,
      end: end ? { id: Reason.NEIGHBOUR, verdict: Verdict.ALLOW } : handsOn,
    },
  ];
}
