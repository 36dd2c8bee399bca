import { SluiceError } from '../../diagnostics/problem.ts';
import { openPinnedObject, pinObject } from '../bpffs.ts';
import { bpf, objectInfo } from '../system/bpf.ts';
import { linkDetachAttr, linkInfo, linkUpdateAttr, objectIdAttr } from '../system/bpf-attr.ts';
import { type Descriptor, ownDescriptor } from '../system/descriptor.ts';
import { errno } from '../system/errno.ts';
import { attachTypeOf, linkTypeOf } from '../system/type-names.ts';
import { type AttachType, BPF_F_REPLACE, type LinkType } from '../system/uapi-bpf.ts';

/** What the kernel says of a link now. */
export interface LinkInfo {
  readonly id: number;
  /** Undefined for a type that is newer than this library. */
  readonly type: LinkType | undefined;
  readonly programId: number;
  /** Of XDP and TCX links: where the program is attached; 0 when it was detached or the interface is gone. */
  readonly ifindex: number;
  /** Of TCX links: on which side of the interface, `BPF_TCX_INGRESS` or `BPF_TCX_EGRESS`. */
  readonly attachType: AttachType | undefined;
}

/** What a link needs to know of a program. */
export interface LinkedProgram {
  readonly fd: number;
  readonly id: number;
  readonly name: string;
}

/**
 * A program attached to a hook. It is attached for as long as the link is open somewhere or pinned: closing the last
 * descriptor of a link that is not pinned detaches the program.
 */
export interface Link extends Descriptor {
  info(): LinkInfo;
  /**
   * Puts another program in the place of the present one, without a packet between them.
   * @param expected only if this is the present program.
   * @throws SluiceError kernel/link-changed when it is not
   */
  update(program: LinkedProgram, expected?: LinkedProgram): void;
  /** Takes the program from the hook; the link stays, without effect. */
  detach(): void;
  /** Names the link in the BPF file system: the program stays attached when the process ends. */
  pin(path: string): void;
}

/** Opens the link that is pinned at `path`, to update or detach what another process attached. */
export function openPinnedLink(path: string): Link {
  return linkOf(openPinnedObject(path), `link ${path}`);
}

/** Opens the link with this id; needs CAP_SYS_ADMIN. */
export function linkFromId(id: number): Link {
  const fd = bpf('BPF_LINK_GET_FD_BY_ID', objectIdAttr.encode({ id }), `link ${id}`, (value) =>
    value === errno.ENOENT ? { detail: 'no link has this id' } : undefined,
  );
  return linkOf(ownDescriptor(fd, `link ${id}`), `link ${id}`);
}

/** @param object how the link is called in errors: `XDP link on "eth0"`. */
export function linkOf(descriptor: Descriptor, object: string): Link {
  const info = (): LinkInfo => {
    const { id, type, prog_id, ifindex, attach_type } = objectInfo(linkInfo, descriptor.fd, object);
    const kind = linkTypeOf(type);
    const attachType = kind === 'tcx' ? attachTypeOf(attach_type) : undefined;
    return { id, type: kind, programId: prog_id, ifindex, attachType };
  };
  const update = (program: LinkedProgram, expected?: LinkedProgram) => {
    const attr = linkUpdateAttr.encode({
      link_fd: descriptor.fd,
      new_prog_fd: program.fd,
      flags: expected === undefined ? 0 : BPF_F_REPLACE,
      old_prog_fd: expected?.fd ?? 0,
    });
    bpf('BPF_LINK_UPDATE', attr, object, (value) => {
      if (value === errno.ENOLINK) return { detail: 'the link is detached, or its interface is gone' };
      if (value === errno.EINVAL) return { detail: `program "${program.name}" is not of the type of the link` };
      const { programId } = info();
      if (expected === undefined || expected.id === programId) return undefined;
      throw new SluiceError({
        code: 'kernel/link-changed',
        message: `${object} runs program ${programId}, not program ${expected.id} ("${expected.name}") as expected`,
      });
    });
  };
  return {
    get fd() {
      return descriptor.fd;
    },
    info,
    update,
    detach: () => {
      bpf('BPF_LINK_DETACH', linkDetachAttr.encode({ link_fd: descriptor.fd }), object);
    },
    pin: (path) => pinObject(descriptor.fd, path, object),
    close: descriptor.close,
    [Symbol.dispose]: descriptor.close,
  };
}
