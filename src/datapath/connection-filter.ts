import { SluiceError } from '../diagnostics/problem.ts';
import { connectionFields, Flow } from '../generated/abi.ts';
import { loadFilterCompiler } from '../kernel/libpcap.ts';
import {
  ETHERNET_HEADER_LENGTH,
  Ethertype,
  IPV4_HEADER_LENGTH,
  IPV6_HEADER_LENGTH,
  isIcmp,
  Protocol,
  transportHeaderLength,
} from '../packet/headers.ts';
import { runCbpf } from '../policy/cbpf-interpreter.ts';

/** Whether a connection that lies there is meant. */
export type ConnectionFilter = (view: DataView, at: number) => boolean;

/**
 * A tcpdump expression about connections: those match of which a packet would, in either direction. The packet has the
 * connection's addresses and ports, all TCP flags that were seen of that direction, and no payload.
 * @throws SluiceError cli/usage where libpcap refuses it, policy/no-libpcap
 */
export function compileConnectionFilter(expression: string): ConnectionFilter {
  // libpcap would read a C string, and stop at the first NUL without a word.
  if (/\p{Cc}/u.test(expression.replaceAll(/[\t\n\r]/g, ' '))) throw refused('the expression holds control characters');
  const compiler = loadFilterCompiler();
  if (!compiler) {
    const message = 'libpcap, which compiles tcpdump expressions, is not installed';
    throw new SluiceError({ code: 'policy/no-libpcap', message });
  }
  const result = compiler.compile(expression);
  if ('error' in result) throw refused(`"${expression}" is not a tcpdump expression: ${result.error}`);
  const { program } = result;
  const frame = createFrame();
  return (view, at) => {
    for (const direction of [0, 1] as const) {
      const bytes = frame.of(view, at, direction);
      if (runCbpf(program, bytes, bytes.length) !== 0) return true;
    }
    return false;
  };
}

const refused = (message: string): SluiceError =>
  new SluiceError({
    code: 'cli/usage',
    message,
    help: 'as for tcpdump: "host 192.0.2.1 and tcp port 443"; see pcap-filter(7)',
  });

const { srcHi, srcLo, dstHi, dstLo, srcPort, dstPort, protocol: protocolField, traits, sides } = connectionFields;
const SIDE_BYTES = sides.size / 2;
const FLAGS_OF_SIDE = SIDE_BYTES - 1;

const ECHO_TYPES = { 4: [8, 0], 6: [128, 129] } as const;
const [TTL, IPV4_VERSION_AND_LENGTH, IPV6_VERSION, TCP_WORDS] = [64, 0x45, 0x60, 0x50];
const [ETHERTYPE_AT, LONGEST] = [12, 128];

/** Headers of one packet after the other, in the same bytes. */
function createFrame(): { of(view: DataView, at: number, direction: 0 | 1): Uint8Array } {
  const buffer = new ArrayBuffer(LONGEST);
  const [out, all] = [new DataView(buffer), new Uint8Array(buffer)];
  const word = (to: number, view: DataView, from: number): void => out.setUint32(to, view.getUint32(from, true));
  const address = (to: number, view: DataView, hi: number, lo: number): void => {
    word(to, view, hi + 4);
    word(to + 4, view, hi);
    word(to + 8, view, lo + 4);
    word(to + 12, view, lo);
  };
  return {
    of(view, at, direction) {
      all.fill(0);
      const family = view.getUint8(at + traits.offset) & Flow.IPV6 ? 6 : 4;
      const protocol = view.getUint8(at + protocolField.offset);
      const [source, destination] = direction
        ? [
            { hi: dstHi, lo: dstLo, port: dstPort },
            { hi: srcHi, lo: srcLo, port: srcPort },
          ]
        : [
            { hi: srcHi, lo: srcLo, port: srcPort },
            { hi: dstHi, lo: dstLo, port: dstPort },
          ];
      const l4Length = Math.max(8, transportHeaderLength(family, protocol));
      const ip = ETHERNET_HEADER_LENGTH;
      out.setUint16(ETHERTYPE_AT, family === 4 ? Ethertype.IPV4 : Ethertype.IPV6);
      if (family === 4) {
        out.setUint8(ip, IPV4_VERSION_AND_LENGTH);
        out.setUint16(ip + 2, IPV4_HEADER_LENGTH + l4Length);
        out.setUint8(ip + 8, TTL);
        out.setUint8(ip + 9, protocol);
        word(ip + 12, view, at + source.lo.offset);
        word(ip + 16, view, at + destination.lo.offset);
      } else {
        out.setUint8(ip, IPV6_VERSION);
        out.setUint16(ip + 4, l4Length);
        out.setUint8(ip + 6, protocol);
        out.setUint8(ip + 7, TTL);
        address(ip + 8, view, at + source.hi.offset, at + source.lo.offset);
        address(ip + 24, view, at + destination.hi.offset, at + destination.lo.offset);
      }
      const l4 = ip + (family === 4 ? IPV4_HEADER_LENGTH : IPV6_HEADER_LENGTH);
      if (isIcmp(family, protocol)) {
        out.setUint8(l4, ECHO_TYPES[family][direction]);
        out.setUint16(l4 + 4, view.getUint16(at + srcPort.offset, true));
      } else {
        out.setUint16(l4, view.getUint16(at + source.port.offset, true));
        out.setUint16(l4 + 2, view.getUint16(at + destination.port.offset, true));
        if (protocol === Protocol.UDP) out.setUint16(l4 + 4, l4Length);
        if (protocol === Protocol.TCP) {
          out.setUint8(l4 + 12, TCP_WORDS);
          out.setUint8(l4 + 13, view.getUint8(at + sides.offset + direction * SIDE_BYTES + FLAGS_OF_SIDE));
        }
      }
      return all.subarray(0, l4 + l4Length);
    },
  };
}
