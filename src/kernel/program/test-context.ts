import { struct } from '../system/struct.ts';
import type { ProgramType } from '../system/uapi-bpf.ts';

/** `struct xdp_md` of linux/bpf.h. */
const xdpMd = struct({
  data: 'u32',
  data_end: 'u32',
  data_meta: 'u32',
  ingress_ifindex: 'u32',
  rx_queue_index: 'u32',
  egress_ifindex: 'u32',
});

/** `struct __sk_buff` of linux/bpf.h. A test run takes some of its fields and wants zero in the others. */
const skBuff = struct({
  len: 'u32',
  pkt_type: 'u32',
  mark: 'u32',
  queue_mapping: 'u32',
  protocol: 'u32',
  vlan_present: 'u32',
  vlan_tci: 'u32',
  vlan_proto: 'u32',
  priority: 'u32',
  ingress_ifindex: 'u32',
  ifindex: 'u32',
  tc_index: 'u32',
  cb: 20,
  hash: 'u32',
  tc_classid: 'u32',
  data: 'u32',
  data_end: 'u32',
  napi_id: 'u32',
  family: 'u32',
  remote_ip4: 'u32',
  local_ip4: 'u32',
  remote_ip6: 16,
  local_ip6: 16,
  remote_port: 'u32',
  local_port: 'u32',
  data_meta: 'u32',
  flow_keys: 'u64',
  tstamp: 'u64',
  wire_len: 'u32',
  gso_segs: 'u32',
  sk: 'u64',
  gso_size: 'u32',
  tstamp_type: 'u8',
  pad: 3,
  hwtstamp: 'u64',
});

/** The context of an XDP test run. */
export interface XdpContext {
  /** The interface that the frame seems to come in on, in the current network namespace. */
  readonly ingressIfindex: number;
  readonly rxQueue?: number;
  /** Of the frame, bytes. */
  readonly frameLength: number;
}

/** Bytes for `context` of a test run of an XDP program. */
export function xdpContext({ ingressIfindex, rxQueue, frameLength }: XdpContext): Uint8Array {
  return xdpMd.encode({ data_end: frameLength, ingress_ifindex: ingressIfindex, rx_queue_index: rxQueue ?? 0 }).bytes;
}

/** The context of a test run of a classifier or cgroup_skb program. */
export interface SkbContext {
  readonly mark?: number;
  readonly priority?: number;
  readonly ifindex?: number;
  readonly ingressIfindex?: number;
  /** Of the packet on the wire, where segments are merged: bytes. */
  readonly wireLength?: number;
}

/** Bytes for `context` of a test run of a program that sees a `struct __sk_buff`. */
export function skbContext(context: SkbContext): Uint8Array {
  return skBuff.encode({
    mark: context.mark ?? 0,
    priority: context.priority ?? 0,
    ifindex: context.ifindex ?? 0,
    ingress_ifindex: context.ingressIfindex ?? 0,
    wire_len: context.wireLength ?? 0,
  }).bytes;
}

/** The fields that a test run fills in or a program may change, of bytes made by `skbContext`. */
export function readSkbContext(bytes: Uint8Array): { mark: number; priority: number; ifindex: number } {
  const { mark, priority, ifindex } = skBuff.decode(bytes);
  return { mark, priority, ifindex };
}

/** Where a context of a program of this type holds the frame's end, if it must. */
export function frameEndOffset(type: ProgramType): number | undefined {
  return type === 'xdp' ? xdpMd.offsets.data_end : undefined;
}
