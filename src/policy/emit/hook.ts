import { kernelFunctions } from '../../asm/index.ts';
import { skBuffFields, xdpMdFields } from '../../generated/abi.ts';

/** What differs between the hooks that one rule can be compiled for. */
export interface Hook {
  readonly name: 'xdp' | 'tc';
  /** Offsets into the program's context of the 32-bit fields that become packet pointers. */
  readonly data: number;
  readonly dataEnd: number;
  /** The kernel function that copies bytes of a frame in several buffers. XDP has one since Linux 5.18. */
  readonly loadBytes: number;
}

export const hooks = {
  xdp: {
    name: 'xdp',
    data: xdpMdFields.data.offset,
    dataEnd: xdpMdFields.dataEnd.offset,
    loadBytes: kernelFunctions.xdp_load_bytes,
  },
  tc: {
    name: 'tc',
    data: skBuffFields.data.offset,
    dataEnd: skBuffFields.dataEnd.offset,
    loadBytes: kernelFunctions.skb_load_bytes,
  },
} as const satisfies Record<string, Hook>;
