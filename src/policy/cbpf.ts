/** One classic BPF instruction, as libpcap's `struct bpf_insn`: `code` 16 bits, `jt` and `jf` 8, `k` unsigned 32. */
export interface CbpfInstruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}
