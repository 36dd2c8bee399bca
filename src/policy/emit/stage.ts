import {
  type Assembler,
  type BpfFunction,
  countConditionalJumps,
  createAssembler,
  kernelFunctions,
  R0,
  R1,
  R2,
  R3,
  R10,
  withoutUnreachable,
} from '../../asm/index.ts';
import { packetFields, Reason, Trait, Verdict } from '../../generated/abi.ts';
import type { LoweredRule } from '../lower.ts';
import type { Block, Structure, TreesBlock } from '../structure.ts';
import { emitAction, emitVerdict } from './action.ts';
import { CONTEXT, type Emitter, loadField, PACKET } from './emitter.ts';
import type { ClassifierTable } from './entry.ts';
import { emitTest } from './test.ts';
import { emitTrees } from './trees.ts';

/** A list of rules that becomes one function, and further programs where it is too long for one. */
export interface Chain {
  /** What C or another chain calls: `stage_ingress`. */
  readonly name: string;
  readonly structure: Structure;
  /** What the chain answers when no rule did: `packet->rule` and the verdict. */
  readonly end: { readonly id: number; readonly verdict: number };
  /** Where given, ARP and neighbour discovery are judged by that chain instead. */
  readonly neighbours?: string;
}

export interface ChainCode {
  /** The function that is linked to the hook's program. */
  readonly entry: BpfFunction;
  /** Programs reached by tail call, in the order of their indices in the map `programs`. */
  readonly parts: readonly BpfFunction[];
  /** How many of them a packet goes through at most: those of its family. */
  readonly longestWay: number;
  /** What entry and parts call. */
  readonly called: readonly BpfFunction[];
}

export interface ChainOptions {
  readonly emitterFor: (asm: Assembler) => Emitter;
  readonly tableOf: (block: TreesBlock) => ClassifierTable;
  /** Index in the map `programs` of the chain's next part. */
  readonly nextProgram: () => number;
  readonly limits?: PartLimits;
}

/** When a part is full. The verifier keeps at most 8,192 jumps open, and follows at most a million instructions. */
export interface PartLimits {
  readonly instructions: number;
  readonly conditionalJumps: number;
}

/** Functions that a part may call besides: the verifier takes 256 with those of the data plane. */
const MAX_FUNCTIONS = 120;
/** Conditional jumps of these functions, before the last of them. */
const MAX_CALLED_JUMPS = 600;

export const partLimits: PartLimits = { instructions: 24_000, conditionalJumps: 3_000 };
/** Where parts of that size are too many. */
export const utmostPartLimits: PartLimits = { instructions: 45_000, conditionalJumps: 6_500 };

export function emitChain(chain: Chain, options: ChainOptions): ChainCode {
  const { instructions, conditionalJumps } = options.limits ?? partLimits;
  const parts: BpfFunction[] = [];
  const called: BpfFunction[] = [];
  let longestWay = 0;
  const entry = createAssembler(chain.name);
  const { structure } = chain;
  emitEntry(entry, chain);
  if (structure.kind === 'straight') emitBlocks([structure], '');
  else {
    const [four, six] = [entry.uniqueLabel('v4'), entry.uniqueLabel('v6')];
    loadField(entry, R1, packetFields.family);
    entry.jumpIf32(R1, 'eq', 4, four);
    entry.jumpIf32(R1, 'eq', 6, six);
    emitBlocks([structure.other], ', not IP');
    entry.label(four);
    emitBlocks(structure.v4, ', IPv4');
    entry.label(six);
    emitBlocks(structure.v6, ', IPv6');
  }
  return { entry: withoutUnreachable(entry.finish()), parts, called, longestWay };

  /** From the entry on, in as many parts as needed, to the chain's end. */
  function emitBlocks(blocks: readonly Block[], packets: string): void {
    const before = parts.length;
    let asm = entry;
    const startsAt = { instructions: asm.instructionCount, jumps: asm.conditionalJumpCount };
    let callable: BpfFunction[] = [];
    const finish = (): void => {
      if (asm !== entry) parts.push(withoutUnreachable(asm.finish()));
    };
    /** Goes on in a part of its own where this one is full. */
    const makeRoom = (): void => {
      const start = asm === entry ? startsAt : { instructions: 0, jumps: 0 };
      const [count, jumps] = [asm.instructionCount - start.instructions, asm.conditionalJumpCount - start.jumps];
      const isFull = count > instructions / families || jumps > conditionalJumps / families;
      // The verifier follows what is called back as if it stood here.
      const calledJumps = callable.reduce((sum, fn) => sum + countConditionalJumps(fn), 0);
      if (!isFull && calledJumps <= MAX_CALLED_JUMPS / families && callable.length <= MAX_FUNCTIONS / families) return;
      callable = [];
      emitTailCall(asm, options.nextProgram());
      finish();
      asm = createAssembler(`${chain.name}_${parts.length + 1}`);
      emitPartEntry(asm);
    };
    const families = structure.kind === 'straight' ? 1 : 3;
    for (const block of blocks) {
      if (block.kind === 'trees') {
        makeRoom();
        const table = options.tableOf(block);
        const name = `${chain.name}_${block.family}_${called.length}`;
        const functions = emitTrees(asm, { block, table, name, emitterFor: options.emitterFor });
        callable.push(...functions);
        called.push(...functions);
        continue;
      }
      for (const rule of block.rules) {
        makeRoom();
        emitRule(options.emitterFor(asm), rule, packets);
      }
    }
    asm.comment(`${chain.name}: no rule decided`);
    if (chain.end.verdict === Verdict.NONE) emitReturn(asm, Verdict.NONE);
    else emitVerdict(asm, chain.end.id, chain.end.verdict);
    finish();
    longestWay = Math.max(longestWay, parts.length - before);
  }
}

/** @param packets which ones get here: a rule may be there once for each family */
function emitRule(e: Emitter, lowered: LoweredRule, packets: string): void {
  const { asm } = e;
  const { name, line, index } = lowered.rule;
  const next = asm.uniqueLabel('next-rule');
  asm.forRule(index);
  // No jump leads here: it is for people who read the code. Names of rules are unique.
  asm.label(`rule ${name} (line ${line})${packets}`);
  for (const test of lowered.tests) emitTest(e, test, next);
  emitAction(e, lowered);
  asm.forRule(undefined);
  asm.label(next);
}

/** (context, packet), called from C. */
function emitEntry(asm: Assembler, { neighbours }: Chain): void {
  asm.mov(CONTEXT, R1);
  asm.mov(PACKET, R2);
  if (neighbours === undefined) return;
  const rules = asm.uniqueLabel('rules');
  loadField(asm, R1, packetFields.traits);
  asm.and32(R1, Trait.NEIGHBOUR);
  asm.jumpIf32(R1, 'eq', 0, rules);
  asm.mov(R1, CONTEXT);
  asm.callFunction(neighbours);
  asm.exit();
  asm.label(rules);
}

/** (context), reached by tail call: the packet is where the hook left it. */
function emitPartEntry(asm: Assembler): void {
  const found = asm.uniqueLabel('packet');
  asm.mov(CONTEXT, R1);
  asm.store('u32', R10, -4, 0);
  asm.mov(R2, R10);
  asm.add(R2, -4);
  asm.loadMap(R1, 'scratch');
  asm.call(kernelFunctions.map_lookup_elem);
  asm.jumpIf(R0, 'ne', 0, found);
  emitReturn(asm, Verdict.DROP);
  asm.label(found);
  asm.mov(PACKET, R0);
}

function emitTailCall(asm: Assembler, program: number): void {
  asm.mov(R1, CONTEXT);
  asm.loadMap(R2, 'programs');
  asm.mov32(R3, program);
  asm.call(kernelFunctions.tail_call);
  asm.comment('only where the next part is missing');
  emitVerdict(asm, Reason.INTERNAL, Verdict.DROP);
}

function emitReturn(asm: Assembler, verdict: number): void {
  asm.mov32(R0, verdict);
  asm.exit();
}
