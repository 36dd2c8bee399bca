import { type Problem, SluiceError } from '../../diagnostics/problem.ts';
import { findInterface, type NetworkInterface } from '../network/interfaces.ts';
import type { AttachedXdp } from '../network/link-message.ts';
import { programFromId } from '../program/load.ts';
import { bpfError } from '../system/bpf.ts';
import { ownDescriptor } from '../system/descriptor.ts';
import { errno, errnoName } from '../system/errno.ts';
import { XDP_FLAGS_DRV_MODE, XDP_FLAGS_SKB_MODE } from '../system/uapi-rtnetlink.ts';
import { createLink } from './create.ts';
import { type Link, type LinkedProgram, linkOf } from './link.ts';

/** `native`: in the driver, before the kernel spends anything on a frame. `generic`: any driver, much slower. */
export type XdpMode = 'native' | 'generic';

export interface XdpAttachment {
  /** Name of an interface of the current network namespace. */
  readonly interface: string;
  readonly program: LinkedProgram;
  /** `auto`, where left out, takes native mode and falls back to generic. */
  readonly mode?: XdpMode | 'auto';
}

export interface XdpLink extends Link {
  readonly mode: XdpMode;
  /** With `auto` in generic mode: why the driver refused native mode, to warn of. */
  readonly fallbackReason: string | undefined;
}

const modeFlags: Record<XdpMode, number> = { native: XDP_FLAGS_DRV_MODE, generic: XDP_FLAGS_SKB_MODE };

/**
 * Attaches an XDP program to an interface, through a link.
 * @throws SluiceError kernel/interface-missing; kernel/interface-busy, naming the program that is there
 */
export function attachXdp(attachment: XdpAttachment): XdpLink {
  const device = findInterface(attachment.interface);
  const { program, mode = 'auto' } = attachment;
  const first = mode === 'auto' ? 'native' : mode;
  const result = attach(device, program, first);
  if (result >= 0) return xdpLink(result, device, first, undefined);
  if (mode !== 'auto' || !isDriversRefusal(-result)) throw refusal(device, first, -result);
  const generic = attach(device, program, 'generic');
  if (generic < 0) throw refusal(device, 'generic', -generic);
  return xdpLink(generic, device, 'generic', `${nativeRefusal(device, -result)} (${errnoName(-result)})`);
}

function attach(device: NetworkInterface, program: LinkedProgram, mode: XdpMode): number {
  return createLink({ program, ifindex: device.index, attachType: 'BPF_XDP', flags: modeFlags[mode] });
}

function xdpLink(fd: number, device: NetworkInterface, mode: XdpMode, fallbackReason: string | undefined): XdpLink {
  const link = linkOf(ownDescriptor(fd, describe(device)), describe(device));
  // A spread would read the getter once: the descriptor is asked for each time.
  return Object.assign(link, { mode, fallbackReason });
}

/** Drivers have many reasons (an MTU too large, too few queues, LRO); these are the ones that are not theirs. */
function isDriversRefusal(value: number): boolean {
  return ![errno.EPERM, errno.EBUSY, errno.EEXIST, errno.ENODEV, errno.EBADF].some((other) => other === value);
}

function nativeRefusal(device: NetworkInterface, value: number): string {
  const driver = device.driver === undefined ? 'its driver' : `driver ${device.driver}`;
  const why = value === errno.EOPNOTSUPP ? 'has no native XDP' : `refuses native XDP at MTU ${device.mtu}`;
  return `${driver} ${why}`;
}

function refusal(device: NetworkInterface, mode: XdpMode, value: number): Error {
  if (value === errno.EBUSY || value === errno.EEXIST) return busy(device, value);
  const detail = mode === 'native' ? nativeRefusal(device, value) : undefined;
  const code = value === errno.EOPNOTSUPP ? 'kernel/not-supported' : undefined;
  return bpfError('BPF_LINK_CREATE', value, describe(device), { code, detail });
}

function busy(device: NetworkInterface, value: number): Error {
  // Asked anew: what is there now may have come after the interface was looked up.
  const now = findInterface(device.name);
  if (now.xdp === undefined) return bpfError('BPF_LINK_CREATE', value, describe(device));
  return new SluiceError(xdpTaken(device.name, now.xdp));
}

/** That another program has the XDP hook of an interface: its name, where CAP_SYS_ADMIN is there to ask for it, and its id. */
export const xdpTaken = (name: string, { programId, mode }: AttachedXdp): Problem => ({
  code: 'kernel/interface-busy',
  message: `interface "${name}": XDP program ${nameOf(programId)} is attached already, in ${mode} mode`,
});

function nameOf(programId: number): string {
  try {
    using program = programFromId(programId);
    return `"${program.name}" (id ${programId})`;
  } catch {
    return `with id ${programId}`;
  }
}

function describe(device: NetworkInterface): string {
  return `XDP link on "${device.name}"`;
}
