import type { CbpfInstruction } from '../../policy/cbpf.ts';
import {
  Alu,
  BpfClass,
  createMachine,
  Jump,
  jumps,
  Mode,
  RETURN_A,
  SOURCE_X,
  sizes,
  step,
  TXA,
} from '../../policy/cbpf-interpreter.ts';

/** Bytes of the frame, or its length on the wire. */
type Origin = { readonly offset: number; readonly size: 1 | 2 | 4 } | 'length';

/** A place where a program looked at the packet, and what it must find there to go the other way. */
export interface Branch {
  readonly of: Origin;
  readonly wanted: number;
}

export interface Trace {
  readonly result: number;
  readonly branches: readonly Branch[];
  /** The same for runs that went the same way. */
  readonly path: string;
}

/** Where a value comes from, and what had to be there for it to be another: undefined where that cannot be told. */
interface Source {
  readonly of: Origin;
  readonly origin: (value: number) => number | undefined;
}

/** Runs a classic BPF program as `runCbpf` does, and tells by what it went its way. */
export function traceCbpf(program: readonly CbpfInstruction[], frame: Uint8Array, wireLength: number): Trace {
  const machine = createMachine(frame, wireLength);
  const sources: { a?: Source | undefined; x?: Source | undefined; readonly cells: (Source | undefined)[] } = {
    cells: [],
  };
  const branches: Branch[] = [];
  let path = '';
  for (let at = 0; at < program.length; at++) {
    const { code, jt, jf, k } = program[at] as CbpfInstruction;
    const kind = code & 0x07;
    if (kind === BpfClass.RET) return { result: (code & 0x18) === RETURN_A ? machine.a : k, branches, path };
    if (kind === BpfClass.JMP) {
      if ((code & 0xf0) === Jump.JA) {
        at += k;
        continue;
      }
      const taken = jumps(machine, code, k);
      const operand = code & SOURCE_X ? machine.x : k;
      addBranch(sources.a, valueForOther(code & 0xf0, machine.a, operand, taken));
      path += `${at}${taken ? 't' : 'f'}`;
      at += taken ? jt : jf;
      continue;
    }
    const before = { a: machine.a, x: machine.x };
    const loaded = loadedFrom(code, k, machine.x);
    if (!step(machine, code, k)) {
      // Behind the frame's end: a longer one may go on.
      addBranch(loaded, 0);
      return { result: 0, branches, path: `${path}${at}e` };
    }
    const operand = code & SOURCE_X ? before.x : k;
    if (kind === BpfClass.LD) sources.a = (code & 0xe0) === Mode.MEM ? sources.cells[k] : loaded;
    else if (kind === BpfClass.LDX) sources.x = (code & 0xe0) === Mode.MEM ? sources.cells[k] : undefined;
    else if (kind === BpfClass.ST) sources.cells[k] = sources.a;
    else if (kind === BpfClass.STX) sources.cells[k] = sources.x;
    else if (kind === BpfClass.ALU) sources.a = sources.a && computed(sources.a, code & 0xf0, before.a, operand);
    else if ((code & 0xf8) === TXA) sources.a = sources.x;
    else sources.x = sources.a;
  }
  return { result: 0, branches, path };

  function addBranch(source: Source | undefined, value: number | undefined): void {
    const wanted = source && value !== undefined ? source.origin(value >>> 0) : undefined;
    if (source === undefined || wanted === undefined || wanted < 0) return;
    if (source.of === 'length' || wanted < 2 ** (8 * source.of.size)) branches.push({ of: source.of, wanted });
  }
}

function loadedFrom(code: number, k: number, x: number): Source | undefined {
  const size = sizes[code & 0x18];
  const mode = code & 0xe0;
  if ((code & 0x07) !== BpfClass.LD || size === undefined) return undefined;
  if (mode === Mode.LEN) return { of: 'length', origin: (value) => value };
  if (mode !== Mode.ABS && mode !== Mode.IND) return undefined;
  return { of: { offset: mode === Mode.ABS ? k : x + k, size }, origin: (value) => value };
}

/** A value for which the jump is taken where it was not, and the other way round. */
function valueForOther(operation: number, a: number, operand: number, taken: boolean): number | undefined {
  switch (operation) {
    case Jump.JEQ:
      return taken ? operand ^ 1 : operand;
    case Jump.JGT:
      return taken ? operand : operand + 1;
    case Jump.JGE:
      return taken ? operand - 1 : operand;
    case Jump.JSET:
      return taken ? a & ~operand : a | (operand & -operand);
    default:
      return undefined;
  }
}

/** `a`: what the operation was done to. */
function computed({ of, origin }: Source, operation: number, a: number, operand: number): Source {
  const before = inverses[operation];
  return {
    of,
    origin(value) {
      const wanted = before?.(value, operand, a);
      return wanted === undefined || wanted < 0 || wanted > 0xffff_ffff ? undefined : origin(wanted);
    },
  };
}

/** What has to be computed with for `value` to come out; bits that are lost on the way stay as they are in `a`. */
const inverses: Readonly<Record<number, (value: number, operand: number, a: number) => number | undefined>> = {
  [Alu.ADD]: (value, operand) => (value - operand) >>> 0,
  [Alu.SUB]: (value, operand) => (value + operand) >>> 0,
  [Alu.MUL]: (value, operand) => (operand === 0 ? undefined : Math.ceil(value / operand)),
  [Alu.DIV]: (value, operand) => value * operand,
  [Alu.MOD]: (value, operand, a) => (value < operand ? a + ((value + operand - (a % operand)) % operand) : undefined),
  [Alu.AND]: (value, operand, a) => ((value & ~operand) === 0 ? ((a & ~operand) | value) >>> 0 : undefined),
  [Alu.OR]: (value, operand, a) => ((operand & ~value) === 0 ? ((a & operand) | (value & ~operand)) >>> 0 : undefined),
  [Alu.XOR]: (value, operand) => (value ^ operand) >>> 0,
  [Alu.LSH]: (value, operand) => (operand < 32 ? value >>> operand : undefined),
  [Alu.RSH]: (value, operand, a) => (operand < 32 ? ((value << operand) | (a & (2 ** operand - 1))) >>> 0 : undefined),
  [Alu.NEG]: (value) => -value >>> 0,
};
