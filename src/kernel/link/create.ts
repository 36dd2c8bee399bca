import { tryBpf } from '../system/bpf.ts';
import { linkCreateAttr } from '../system/bpf-attr.ts';
import { type AttachType, attachTypes } from '../system/uapi-bpf.ts';
import type { LinkedProgram } from './link.ts';

export interface LinkCreation {
  readonly program: LinkedProgram;
  readonly ifindex: number;
  readonly attachType: AttachType;
  readonly flags: number;
}

/** BPF_LINK_CREATE on an interface. Returns the descriptor, or the negated errno. */
export function createLink({ program, ifindex, attachType, flags }: LinkCreation): number {
  const attr = linkCreateAttr.encode({
    prog_fd: program.fd,
    target_ifindex: ifindex,
    attach_type: attachTypes[attachType],
    flags,
  });
  return tryBpf('BPF_LINK_CREATE', attr);
}
