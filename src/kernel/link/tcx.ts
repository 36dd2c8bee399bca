import { findInterface } from '../network/interfaces.ts';
import { bpfError, type Explanation } from '../system/bpf.ts';
import { ownDescriptor } from '../system/descriptor.ts';
import { errno } from '../system/errno.ts';
import type { AttachType } from '../system/uapi-bpf.ts';
import { BPF_F_AFTER, BPF_F_BEFORE } from '../system/uapi-bpf.ts';
import { createLink } from './create.ts';
import { type Link, type LinkedProgram, linkOf } from './link.ts';

export type Direction = 'ingress' | 'egress';

export interface TcxAttachment {
  /** Name of an interface of the current network namespace. */
  readonly interface: string;
  readonly direction: Direction;
  /** Of type `sched_cls`. */
  readonly program: LinkedProgram;
  /** Among the programs that are there: `first` sees a packet before them. `last` where left out. */
  readonly position?: 'first' | 'last';
}

const attachTypes: Record<Direction, AttachType> = { ingress: 'BPF_TCX_INGRESS', egress: 'BPF_TCX_EGRESS' };

/**
 * Attaches a classifier to an interface, through a link. Programs of others stay: TC_ACT_UNSPEC (-1) passes a packet
 * on to the next one. Since Linux 6.6; before that, use `attachClsact`.
 * @throws SluiceError kernel/interface-missing, kernel/not-supported
 */
export function attachTcx({ interface: name, direction, program, position = 'last' }: TcxAttachment): Link {
  const { index } = findInterface(name);
  const object = `TCX ${direction} link on "${name}"`;
  const flags = position === 'first' ? BPF_F_BEFORE : BPF_F_AFTER;
  const result = createLink({ program, ifindex: index, attachType: attachTypes[direction], flags });
  if (result < 0) throw bpfError('BPF_LINK_CREATE', -result, object, explain(-result));
  return linkOf(ownDescriptor(result, object), object);
}

function explain(value: number): Explanation | undefined {
  if (value !== errno.EINVAL) return undefined;
  return {
    code: 'kernel/not-supported',
    detail: 'the program is not a classifier, or the kernel is older than 6.6 and has no TCX',
    help: 'Attach through clsact, which every kernel has.',
  };
}
