import type { CbpfInstruction } from './cbpf.ts';

/** Fields of an opcode and their values, as in `linux/bpf_common.h`. */
export const BpfClass = { LD: 0, LDX: 1, ST: 2, STX: 3, ALU: 4, JMP: 5, RET: 6, MISC: 7 } as const;
export const Mode = { IMM: 0x00, ABS: 0x20, IND: 0x40, MEM: 0x60, LEN: 0x80, MSH: 0xa0 } as const;
export const Alu = {
  ADD: 0x00,
  SUB: 0x10,
  MUL: 0x20,
  DIV: 0x30,
  OR: 0x40,
  AND: 0x50,
  LSH: 0x60,
  RSH: 0x70,
  NEG: 0x80,
  MOD: 0x90,
  XOR: 0xa0,
} as const;
export const Jump = { JA: 0x00, JEQ: 0x10, JGT: 0x20, JGE: 0x30, JSET: 0x40 } as const;
export const SOURCE_X = 0x08;
export const RETURN_A = 0x10;
export const TXA = 0x80;
const SCRATCH_CELLS = 16;

/** Bytes that a load takes, by the size field of its opcode: word, half word, byte. */
export const sizes: Readonly<Record<number, 1 | 2 | 4>> = { 0: 4, 8: 2, 16: 1 };

export interface Machine {
  readonly frame: DataView;
  readonly wireLength: number;
  readonly scratch: Uint32Array;
  /** The accumulator and the index register, unsigned 32 bits. */
  a: number;
  x: number;
}

/**
 * What a classic BPF program returns for a frame: 0 is no match. Offsets count from the Ethernet header, `len` is
 * `wireLength`. A load behind the frame's end, a division by zero, an unknown opcode and a jump out of the program or
 * back (which only libpcap's `protochain` makes) end it with 0.
 */
export function runCbpf(program: readonly CbpfInstruction[], frame: Uint8Array, wireLength: number): number {
  const machine = createMachine(frame, wireLength);
  for (let at = 0; at < program.length; at++) {
    const instruction = program[at];
    if (instruction === undefined) break;
    const { code, jt, jf, k } = instruction;
    switch (code & 0x07) {
      case BpfClass.RET:
        return (code & 0x18) === RETURN_A ? machine.a : k;
      case BpfClass.JMP:
        if ((code & 0xf0) === Jump.JA) at += k;
        else at += jumps(machine, code, k) ? jt : jf;
        break;
      default:
        if (!step(machine, code, k)) return 0;
    }
  }
  return 0;
}

export function createMachine(frame: Uint8Array, wireLength: number): Machine {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  return { frame: view, wireLength, scratch: new Uint32Array(SCRATCH_CELLS), a: 0, x: 0 };
}

/** Does what is neither jump nor return; false where the program has to end. */
export function step(machine: Machine, code: number, k: number): boolean {
  switch (code & 0x07) {
    case BpfClass.LD:
      return assign(machine, 'a', load(machine, code, k));
    case BpfClass.LDX:
      return assign(machine, 'x', load(machine, code, k));
    case BpfClass.ST:
      return store(machine, k, machine.a);
    case BpfClass.STX:
      return store(machine, k, machine.x);
    case BpfClass.ALU:
      return assign(machine, 'a', compute(code & 0xf0, machine.a, code & SOURCE_X ? machine.x : k));
    default:
      return (code & 0xf8) === TXA ? assign(machine, 'a', machine.x) : assign(machine, 'x', machine.a);
  }
}

function assign(machine: Machine, register: 'a' | 'x', value: number | undefined): boolean {
  if (value === undefined) return false;
  machine[register] = value >>> 0;
  return true;
}

function store({ scratch }: Machine, cell: number, value: number): boolean {
  scratch[cell] = value;
  return cell < SCRATCH_CELLS;
}

function load({ frame, wireLength, scratch, x }: Machine, code: number, k: number): number | undefined {
  switch (code & 0xe0) {
    case Mode.IMM:
      return k;
    case Mode.ABS:
      return read(frame, k, sizes[code & 0x18]);
    case Mode.IND:
      return read(frame, x + k, sizes[code & 0x18]);
    case Mode.MEM:
      return scratch[k];
    case Mode.LEN:
      return wireLength;
    case Mode.MSH: {
      const versionAndLength = read(frame, k, 1);
      return versionAndLength === undefined ? undefined : (versionAndLength & 0xf) * 4;
    }
    default:
      return undefined;
  }
}

/** In network order. Offsets do not wrap: an index of 0xffffffff is behind every frame. */
function read(frame: DataView, offset: number, size: 1 | 2 | 4 | undefined): number | undefined {
  if (size === undefined || offset + size > frame.byteLength) return undefined;
  if (size === 4) return frame.getUint32(offset);
  return size === 2 ? frame.getUint16(offset) : frame.getUint8(offset);
}

/** The result before it is cut to 32 bits. */
function compute(operation: number, a: number, operand: number): number | undefined {
  switch (operation) {
    case Alu.ADD:
      return a + operand;
    case Alu.SUB:
      return a - operand;
    case Alu.MUL:
      return Math.imul(a, operand);
    case Alu.DIV:
      return operand === 0 ? undefined : Math.floor(a / operand);
    case Alu.MOD:
      return operand === 0 ? undefined : a % operand;
    case Alu.OR:
      return a | operand;
    case Alu.AND:
      return a & operand;
    case Alu.XOR:
      return a ^ operand;
    case Alu.LSH:
      return operand < 32 ? a << operand : 0;
    case Alu.RSH:
      return operand < 32 ? a >>> operand : 0;
    case Alu.NEG:
      return -a;
    default:
      return undefined;
  }
}

/** Whether a conditional jump is taken. */
export function jumps({ a, x }: Machine, code: number, k: number): boolean {
  const operand = code & SOURCE_X ? x : k;
  switch (code & 0xf0) {
    case Jump.JEQ:
      return a === operand;
    case Jump.JGT:
      return a > operand;
    case Jump.JGE:
      return a >= operand;
    default:
      return (a & operand) >>> 0 !== 0;
  }
}
