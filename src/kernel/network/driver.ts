import { ownDescriptor } from '../system/descriptor.ts';
import { struct, textOf } from '../system/struct.ts';
import { systemCall, trySystemCall } from '../system/system-call.ts';
import { AF_INET, ETHTOOL_GDRVINFO, SIOCETHTOOL, SOCK_CLOEXEC, SOCK_DGRAM } from '../system/uapi-rtnetlink.ts';

/** `struct ethtool_drvinfo`, and the part of `struct ifreq` that SIOCETHTOOL reads, at the size of the whole. */
const driverInfo = struct({ cmd: 'u32', driver: 32, rest: 160 });
const request = struct({ ifr_name: 16, ifr_data: 'pointer', rest: 16 });

/** The driver of an interface of the current network namespace; undefined where it does not tell. */
export function driverOf(name: string): string | undefined {
  const fd = systemCall('socket', [AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0], 'ethtool');
  using socket = ownDescriptor(fd, 'ethtool socket');
  const info = driverInfo.encode({ cmd: ETHTOOL_GDRVINFO });
  const ask = request.encode({ ifr_name: name, ifr_data: info.bytes });
  const result = trySystemCall('ioctl', [socket.fd, SIOCETHTOOL, ask.bytes]);
  return result < 0 ? undefined : textOf(driverInfo.decode(info.bytes).driver);
}
