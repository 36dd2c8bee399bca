import { SluiceError } from '../../diagnostics/problem.ts';
import { decodeAttributes } from '../network/attributes.ts';
import { findInterface, type NetworkInterface } from '../network/interfaces.ts';
import { netlink } from '../network/netlink.ts';
import { errno } from '../system/errno.ts';
import { struct, textOf } from '../system/struct.ts';
import { SystemCallError } from '../system/system-call.ts';
import * as nl from '../system/uapi-rtnetlink.ts';
import type { LinkedProgram } from './link.ts';
import type { Direction } from './tcx.ts';

/** Where a filter stands: what tc(8) calls dev, ingress or egress, pref and handle. */
export interface ClsactPlace {
  /** Name of an interface of the current network namespace. */
  readonly interface: string;
  readonly direction: Direction;
  /** Filters of lower priority numbers see a packet first. 1 where left out. */
  readonly priority?: number;
  /** 1 where left out. */
  readonly handle?: number;
}

/** A classifier attached through the clsact qdisc. It stays until it is detached: there is nothing to keep open. */
export interface ClsactFilter {
  /** The program that is attached now, or undefined where the filter is gone. */
  programId(): number | undefined;
  /**
   * Puts another program in the place of the present one, without a packet between them.
   * @param expected only if this is the present program: looked at before, since the kernel has no such call.
   * @throws SluiceError kernel/link-changed when it is not
   */
  update(program: LinkedProgram, expected?: LinkedProgram): void;
  /** Takes the filter away, and the qdisc too when no filter is left in it. */
  detach(): void;
}

/** `struct tcmsg` of linux/rtnetlink.h. */
const tcMessage = struct({
  tcm_family: 'u8',
  pad1: 'u8',
  pad2: 'u16',
  tcm_ifindex: 's32',
  tcm_handle: 'u32',
  tcm_parent: 'u32',
  tcm_info: 'u32',
});

const minors: Record<Direction, number> = { ingress: nl.TC_H_MIN_INGRESS, egress: nl.TC_H_MIN_EGRESS };

/**
 * Attaches a classifier with direct action. The qdisc is made where it is not there.
 * @throws SluiceError kernel/interface-missing; kernel/interface-busy where a filter has the place
 */
export function attachClsact(place: ClsactPlace & { readonly program: LinkedProgram }): ClsactFilter {
  const device = findInterface(place.interface);
  addQdisc(device);
  try {
    changeFilter(device, place, nl.NLM_F_CREATE | nl.NLM_F_EXCL, place.program);
  } catch (error) {
    if (!isErrno(error, errno.EEXIST)) throw error;
    const { handle, priority, direction } = withDefaults(place);
    throw new SluiceError({
      code: 'kernel/interface-busy',
      message: `interface "${device.name}": a filter has priority ${priority}, handle ${handle} on ${direction} already`,
      help: '`tc filter show` lists the filters; take another priority or handle, or detach the filter.',
    });
  }
  return filterAt(device, place);
}

/** The filter at this place, to update or detach what another process attached; undefined where there is none. */
export function findClsactFilter(place: ClsactPlace): ClsactFilter | undefined {
  const filter = filterAt(findInterface(place.interface), place);
  return filter.programId() === undefined ? undefined : filter;
}

function filterAt(device: NetworkInterface, place: ClsactPlace): ClsactFilter {
  const { handle, priority, direction } = withDefaults(place);
  const programId = () =>
    listFilters(device, direction).find((one) => one.handle === handle && one.priority === priority)?.programId;
  return {
    programId,
    update: (program, expected) => {
      const present = expected === undefined ? undefined : programId();
      if (expected !== undefined && present !== expected.id) {
        throw new SluiceError({
          code: 'kernel/link-changed',
          message: `${describe(device, direction)} runs program ${present ?? 'none'}, not ${expected.id} as expected`,
        });
      }
      changeFilter(device, place, nl.NLM_F_CREATE | nl.NLM_F_REPLACE, program);
    },
    detach: () => {
      changeFilter(device, place, 0);
      const left = [...listFilters(device, 'ingress'), ...listFilters(device, 'egress')];
      if (left.length === 0) removeQdisc(device);
    },
  };
}

/** Makes or replaces the filter, or removes it where no program is given. */
function changeFilter(device: NetworkInterface, place: ClsactPlace, flags: number, program?: LinkedProgram): void {
  const { handle, priority, direction } = withDefaults(place);
  const body = tcMessage.encode({
    tcm_ifindex: device.index,
    tcm_handle: handle,
    tcm_parent: parentOf(direction),
    tcm_info: priority * 0x10000 + networkOrder16(nl.ETH_P_ALL),
  }).bytes;
  const request = { body, object: describe(device, direction) };
  if (program === undefined) {
    netlink({ ...request, name: 'RTM_DELTFILTER', type: nl.RTM_DELTFILTER, flags, attributes: [[nl.TCA_KIND, 'bpf']] });
    return;
  }
  netlink({
    ...request,
    name: 'RTM_NEWTFILTER',
    type: nl.RTM_NEWTFILTER,
    flags,
    attributes: [
      [nl.TCA_KIND, 'bpf'],
      [
        nl.TCA_OPTIONS,
        [
          [nl.TCA_BPF_FD, program.fd],
          [nl.TCA_BPF_NAME, program.name],
          [nl.TCA_BPF_FLAGS, nl.TCA_BPF_FLAG_ACT_DIRECT],
        ],
      ],
    ],
  });
}

interface ListedFilter {
  readonly handle: number;
  readonly priority: number;
  readonly name: string;
  readonly programId: number | undefined;
}

/** Filters of every kind; those that are not BPF programs have no program. */
function listFilters(device: NetworkInterface, direction: Direction): ListedFilter[] {
  const body = tcMessage.encode({ tcm_ifindex: device.index, tcm_parent: parentOf(direction) }).bytes;
  const object = describe(device, direction);
  const replies = netlink({ name: 'RTM_GETTFILTER', type: nl.RTM_GETTFILTER, flags: nl.NLM_F_DUMP, body, object });
  return replies.flatMap((reply) => {
    const { tcm_handle, tcm_info } = tcMessage.decode(reply);
    const attributes = decodeAttributes(reply.subarray(tcMessage.size));
    const options = attributes.get(nl.TCA_OPTIONS);
    // A dump has a record without options for each priority, in front of its filters.
    if (options === undefined) return [];
    const nested = decodeAttributes(options);
    const name = textOf(nested.get(nl.TCA_BPF_NAME) ?? Buffer.alloc(0));
    const programId = nested.get(nl.TCA_BPF_ID)?.readUInt32LE();
    return [{ handle: tcm_handle, priority: tcm_info >>> 16, name, programId }];
  });
}

function addQdisc(device: NetworkInterface): void {
  try {
    changeQdisc(device, 'RTM_NEWQDISC', nl.RTM_NEWQDISC, nl.NLM_F_CREATE | nl.NLM_F_EXCL);
  } catch (error) {
    if (!isErrno(error, errno.EEXIST)) throw error;
  }
}

function removeQdisc(device: NetworkInterface): void {
  changeQdisc(device, 'RTM_DELQDISC', nl.RTM_DELQDISC, 0);
}

function changeQdisc(device: NetworkInterface, name: string, type: number, flags: number): void {
  const body = tcMessage.encode({
    tcm_ifindex: device.index,
    tcm_handle: (nl.TC_H_CLSACT & nl.TC_H_MAJ_MASK) >>> 0,
    tcm_parent: nl.TC_H_CLSACT,
  }).bytes;
  const object = `clsact qdisc of "${device.name}"`;
  netlink({ name, type, flags, body, object, attributes: [[nl.TCA_KIND, 'clsact']] });
}

function withDefaults({ direction, priority = 1, handle = 1 }: ClsactPlace) {
  return { direction, priority, handle };
}

function parentOf(direction: Direction): number {
  return ((nl.TC_H_CLSACT & nl.TC_H_MAJ_MASK) | minors[direction]) >>> 0;
}

function networkOrder16(value: number): number {
  return ((value & 0xff) << 8) | (value >> 8);
}

function isErrno(error: unknown, value: number): boolean {
  return error instanceof SystemCallError && error.errno === value;
}

function describe(device: NetworkInterface, direction: Direction): string {
  return `clsact ${direction} filter on "${device.name}"`;
}
