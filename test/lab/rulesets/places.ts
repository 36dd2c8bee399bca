import { setTimeout as sleep } from 'node:timers/promises';
import { createAssembler, link, R0 } from '../../../src/asm/index.ts';
import { findInterface, inNamespace, loadProgram, sendLiveFrames, xdpContext } from '../../../src/kernel/index.ts';
import { ownDescriptor } from '../../../src/kernel/system/descriptor.ts';
import { systemCall } from '../../../src/kernel/system/system-call.ts';
import type { LabHost } from '../../../src/lab/index.ts';
import type { PacketsWanted } from './packets-for.ts';

/** Where in the stack the chains of a ruleset stand, and how packets come by there and are known behind them. */
export interface Place {
  readonly direction: 'ingress' | 'egress';
  readonly wanted: PacketsWanted;
  /** A ruleset of nftables that keeps, behind all other chains, the marks of the packets that come so far. */
  readonly probe: string;
  /** Its sets, as `nft list set` wants them. */
  readonly sets: readonly string[];
  /** Writes the number of the packet into the frame, where the probe looks. */
  number(frame: Uint8Array, index: number, host: LabHost): void;
  /** The number of a packet by what a set of the probe has of it; undefined of packets that others have sent. */
  indexOf(element: string | number): number | undefined;
  send(frames: readonly Uint8Array[], client: LabHost, host: LabHost): Promise<void>;
}

const XDP_TX = 3;
const ETHERNET = 14;

const byHardware = {
  direction: 'ingress',
  number(frame, index, host) {
    const own = host.devices[0]?.hardwareAddress ?? '';
    const octets = `${own}:02:01:00:00`.split(':').map((octet) => Number.parseInt(octet, 16));
    frame.set([...octets, index >> 8, index & 255]);
  },
  indexOf(element) {
    const [, hi = '', lo = ''] = /^02:01:00:00:(..):(..)$/.exec(String(element)) ?? [];
    return hi === '' ? undefined : Number.parseInt(hi + lo, 16);
  },
  send: (frames, client) => sendFrames(client, frames),
} as const satisfies Partial<Place>;

const probeAt = (family: string, hook: string): string => `table ${family} probe {
  set arrived { type ether_addr; size 65535; flags dynamic; }
  chain probe {
    type filter hook ${hook} priority 10000; policy accept;
    add @arrived { ether saddr }
  }
}`;

/** What is for the host: IPv4 is put together before. */
export const input: Place = {
  ...byHardware,
  wanted: {},
  probe: probeAt('inet', 'input'),
  sets: ['inet probe arrived'],
};

export const prerouting: Place = {
  ...byHardware,
  wanted: { fragments: true },
  probe: probeAt('inet', 'prerouting'),
  sets: ['inet probe arrived'],
};

/** Tagged frames come no farther than this where the host has no device for the tag. */
export const deviceIngress = (vlans: readonly number[]): Place => ({
  ...byHardware,
  wanted: { vlans },
  probe: probeAt('netdev', 'ingress device "eth0"'),
  sets: ['netdev probe arrived'],
});

const IPPROTO_RAW = 255;
const SOCK_RAW = 3;
const AF = { 4: 2, 6: 10 } as const;

/** Packets that the host sends, headers and all, by raw sockets; known by their identification, or flow label. */
export const output: Place = {
  direction: 'egress',
  wanted: { way: 'out', fragments: true },
  probe: `table inet probe {
  set passed4 { typeof ip id; size 65535; flags dynamic; }
  set passed6 { typeof ip6 flowlabel; size 65535; flags dynamic; }
  chain probe {
    type filter hook postrouting priority 10000; policy accept;
    oifname "eth0" add @passed4 { ip id }
    oifname "eth0" add @passed6 { ip6 flowlabel }
  }
}`,
  sets: ['inet probe passed4', 'inet probe passed6'],
  number(frame, index) {
    const view = new DataView(frame.buffer, frame.byteOffset + ETHERNET);
    // 0 is what the kernel would choose a number for.
    if (isSix(frame)) view.setUint32(0, (view.getUint32(0) & 0xfff0_0000) | (index + 1));
    else view.setUint16(4, index + 1);
  },
  indexOf: (element) => (Number(element) === 0 ? undefined : Number(element) - 1),
  send(frames, _, host) {
    inNamespace(host, () => {
      for (const family of [4, 6] as const) {
        const fd = systemCall('socket', [AF[family], SOCK_RAW, IPPROTO_RAW], 'raw socket');
        using socket = ownDescriptor(fd, 'raw socket');
        for (const frame of frames)
          if (isSix(frame) === (family === 6)) sendPacket(socket.fd, frame.subarray(ETHERNET));
      }
    });
    return Promise.resolve();
  },
};

const isSix = (frame: Uint8Array): boolean => (frame[ETHERNET] ?? 0) >> 4 === 6;

/** A packet that a rule of the output hook drops is EPERM to its sender. */
function sendPacket(fd: number, packet: Uint8Array): void {
  const six = (packet[0] ?? 0) >> 4 === 6;
  // struct sockaddr_in, struct sockaddr_in6: the family in the host's order.
  const to = Buffer.alloc(six ? 28 : 16);
  to.writeUInt16LE(six ? AF[6] : AF[4]);
  to.set(six ? packet.subarray(24, 40) : packet.subarray(16, 20), six ? 8 : 4);
  try {
    systemCall('sendto', [fd, Buffer.from(packet), packet.length, 0, to, to.length], 'raw socket');
  } catch (error) {
    if (!/EPERM|ECONNREFUSED|EHOSTUNREACH/.test(String(error))) throw error;
  }
}

/** A few at a time: the queue of the cable is short. */
async function sendFrames(client: LabHost, frames: readonly Uint8Array[]): Promise<void> {
  const asm = createAssembler('send');
  asm.mov(R0, XDP_TX);
  asm.exit();
  using program = loadProgram({ type: 'xdp', name: 'send', code: link(asm.finish(), []).code });
  for (let first = 0; first < frames.length; first += 32) {
    inNamespace(client, () => {
      const ingressIfindex = findInterface('eth0').index;
      for (const data of frames.slice(first, first + 32)) {
        sendLiveFrames(program, { data, context: xdpContext({ ingressIfindex, frameLength: data.length }), count: 1 });
      }
    });
    await sleep(5);
  }
}
