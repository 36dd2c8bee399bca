import { findInterface, inNamespace, sendLiveFrames, xdpContext } from '../../src/kernel/index.ts';
import type { Flood, LabHost } from '../../src/lab/index.ts';
import { commonFrame } from '../../src/policy/testing/header-frames.ts';
import { COLD, type HeaderArray, pickerProgram } from './harness.ts';

/** A flood on the peer of `from`'s eth0 whose frames have the headers of the array, in their scrambled order. */
export function createHeaderFlood(from: LabHost, headers: HeaderArray): Flood {
  const device = from.devices.find((one) => one.device === 'eth0');
  if (device === undefined) throw new Error(`${from.name} has no eth0`);
  const data = commonFrame(headers.family);
  data.set([...octets(device.peer.hardwareAddress), ...octets(device.hardwareAddress)]);
  const ingressIfindex = inNamespace(from, () => findInterface('eth0').index);
  const context = xdpContext({ ingressIfindex, frameLength: data.length });
  const generator = pickerProgram(headers.family, COLD, headers.maps, 'send');
  return {
    send(count) {
      return inNamespace(from, () => {
        const started = process.hrtime.bigint();
        sendLiveFrames(generator, { data, context, count });
        return Number(process.hrtime.bigint() - started) / 1e9;
      });
    },
    close: generator.close,
    [Symbol.dispose]: generator.close,
  };
}

const octets = (address: string): number[] => address.split(':').map((octet) => Number.parseInt(octet, 16));
