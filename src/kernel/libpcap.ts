import { openLibrary } from './system/ffi.ts';

/** libpcap, as far as Sluice needs it: its compiler from tcpdump expressions to classic BPF. */
export interface FilterCompiler {
  /** The program for `expression` on Ethernet frames, or what libpcap has to say against it. */
  compile(expression: string): { readonly program: readonly ClassicInstruction[] } | { readonly error: string };
}

/** `struct bpf_insn` of libpcap: `code` 16 bits, `jt` and `jf` 8, `k` unsigned 32. */
export interface ClassicInstruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

/** The SONAME on Debian is libpcap.so.0.8; elsewhere it is libpcap.so.1. */
const NAMES = ['libpcap.so.0.8', 'libpcap.so.1'];

const DLT_EN10MB = 1;
const SNAP_LENGTH = 65_535;
/** Host names in expressions need a netmask only for "broadcast" in IPv4. */
const PCAP_NETMASK_UNKNOWN = 0xffff_ffff;

let loaded: FilterCompiler | undefined;

/** libpcap, loaded at the first call; undefined where the machine does not have it. */
export function loadFilterCompiler(): FilterCompiler | undefined {
  loaded ??= createFilterCompiler();
  return loaded;
}

function createFilterCompiler(): FilterCompiler | undefined {
  const opened = openLibrary(NAMES);
  if (!opened) return undefined;
  const { koffi, library } = opened;
  const instruction = koffi.struct({ code: 'uint16', jt: 'uint8', jf: 'uint8', k: 'uint32' });
  const program = koffi.struct({ length: 'uint32', instructions: koffi.pointer(instruction) });
  const handle = koffi.pointer(koffi.opaque());
  const openDead = library.func('pcap_open_dead', handle, ['int', 'int']);
  const close = library.func('pcap_close', 'void', [handle]);
  const geterr = library.func('pcap_geterr', 'str', [handle]);
  const compileInto = library.func('pcap_compile', 'int', [
    handle,
    koffi.out(koffi.pointer(program)),
    'str',
    'int',
    'uint32',
  ]);
  const free = library.func('pcap_freecode', 'void', [koffi.pointer(program)]);
  return {
    compile(expression) {
      const pcap: unknown = openDead(DLT_EN10MB, SNAP_LENGTH);
      if (pcap === null) return { error: 'libpcap is out of memory' };
      try {
        const result: { length?: number; instructions?: unknown } = {};
        const optimise = 1;
        if (compileInto(pcap, result, expression, optimise, PCAP_NETMASK_UNKNOWN) !== 0)
          return { error: String(geterr(pcap)) };
        const instructions: ClassicInstruction[] = koffi.decode(result.instructions, instruction, result.length ?? 0);
        free(result);
        return { program: instructions };
      } finally {
        close(pcap);
      }
    },
  };
}
