/**
 * One eBPF instruction before assembly: numbers as the kernel's `struct bpf_insn` has them, and by name what only
 * the linker can resolve. Opcode and register numbers are those of Linux `include/uapi/linux/bpf.h`.
 */
export interface Instruction {
  /** The 8-bit opcode: class, size or operation, mode or source. */
  readonly opcode: number;
  /** Destination register, 0 to 10. */
  readonly dst: number;
  /** Source register, 0 to 10, or a BPF_PSEUDO_* number. */
  readonly src: number;
  /** Signed 16-bit offset: bytes for memory, instructions for jumps (left 0 where `target` is given). */
  readonly offset: number;
  /** Signed 32-bit immediate. */
  readonly imm: number;
  /** The whole 64-bit immediate of an lddw, which takes two instruction slots. */
  readonly imm64?: bigint;
  /** The name of the label that a jump goes to, within the same function. */
  readonly target?: string;
  /** The name of the function that a bpf-to-bpf call calls, resolved by the linker. */
  readonly call?: string;
  /** The name of the map whose descriptor (`kind: 'fd'`) or value address (`kind: 'value'`) an lddw loads. */
  readonly map?: { readonly name: string; readonly kind: 'fd' | 'value'; readonly offset: number };
  /** Labels that stand before this instruction. */
  readonly labels?: readonly string[];
  /** Said of this instruction in a dump, e.g. `packet->src_port` or `rule ssh (line 12)`. */
  readonly comment?: string;
  /** The policy rule (index into the stage-independent rule list) that this instruction was emitted for. */
  readonly rule?: number;
}

/** A function: what the assembler makes, what the object reader finds, and what the linker joins to a program. */
export interface BpfFunction {
  readonly name: string;
  readonly instructions: readonly Instruction[];
  /**
   * Where given, the function takes so many numbers of 64 bits, and the kernel verifies it by itself, once ("global"),
   * instead of anew with each call. Wants BTF: see `loadFunctionBtf`.
   */
  readonly numbers?: number;
}
