import { ownDescriptor } from '../system/descriptor.ts';
import { type EncodedStruct, struct, textOf } from '../system/struct.ts';
import { systemCall, trySystemCall } from '../system/system-call.ts';
import * as nl from '../system/uapi-rtnetlink.ts';

/** `struct ethtool_drvinfo`, and the part of `struct ifreq` that SIOCETHTOOL reads, at the size of the whole. */
const driverInfo = struct({ cmd: 'u32', driver: 32, rest: 160 });
const request = struct({ ifr_name: 16, ifr_data: 'pointer', rest: 16 });
/** `struct ethtool_value`. */
const flagValue = struct({ cmd: 'u32', data: 'u32' });

/** The driver of an interface of the current network namespace; undefined where it does not tell. */
export function driverOf(name: string): string | undefined {
  const info = driverInfo.encode({ cmd: nl.ETHTOOL_GDRVINFO });
  return ethtool(name, info) ? textOf(driverInfo.decode(info.bytes).driver) : undefined;
}

/**
 * Whether the interface takes VLAN tags out of received frames (`ethtool -k`: rx-vlan-offload), so that programs which
 * read frames, XDP ones above all, do not see them. False where the driver does not tell.
 */
export function stripsVlanTags(name: string): boolean {
  const flags = flagValue.encode({ cmd: nl.ETHTOOL_GFLAGS });
  return ethtool(name, flags) && (flagValue.decode(flags.bytes).data & nl.ETH_FLAG_RXVLAN) !== 0;
}

/** Asks the driver, which answers into `question`; false where it has no answer. */
function ethtool(name: string, question: EncodedStruct): boolean {
  const fd = systemCall('socket', [nl.AF_INET, nl.SOCK_DGRAM | nl.SOCK_CLOEXEC, 0], 'ethtool');
  using socket = ownDescriptor(fd, 'ethtool socket');
  const ask = request.encode({ ifr_name: name, ifr_data: question.bytes });
  return trySystemCall('ioctl', [socket.fd, nl.SIOCETHTOOL, ask.bytes]) >= 0;
}
