import fc from 'fast-check';
import type { Address } from '../address.ts';
import { extensionProtocols, hasPorts, isIcmp, Protocol } from '../headers.ts';
import { allExtensions, type ExtensionSpec, headersLength, type PacketSpec } from '../spec.ts';

const word64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const byte = fc.nat({ max: 255 });
const port = fc.nat({ max: 0xffff });

const address4: fc.Arbitrary<Address> = fc
  .nat({ max: 0xffff_ffff })
  .map((lo) => ({ family: 4, hi: 0n, lo: BigInt(lo) }));
const address6: fc.Arbitrary<Address> = fc.record({ family: fc.constant(6 as const), hi: word64, lo: word64 });

const someProtocol = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...[1, 6, 17, 47, 50, 58, 132]) },
  { weight: 1, arbitrary: byte },
);

const extension: fc.Arbitrary<ExtensionSpec> = fc
  .record({ protocol: fc.constantFrom(...extensionProtocols), words: fc.integer({ min: 1, max: 5 }) })
  .map(({ protocol, words }) => (protocol === Protocol.FRAGMENT ? { protocol } : { protocol, length: words * 8 }));

/** Multiples of four bytes. */
const optionBytes = (words: number) =>
  fc.array(fc.constant(1), { maxLength: words * 4 }).map((ones) => Uint8Array.from(ones.slice(ones.length % 4)));

/** Packets of both families that are not malformed, with what their protocol has and nothing else. */
export const packetSpec: fc.Arbitrary<PacketSpec> = fc.oneof(family(4, address4), family(6, address6));

function family(version: 4 | 6, address: fc.Arbitrary<Address>): fc.Arbitrary<PacketSpec> {
  const any = fc.record(
    {
      protocol: someProtocol.filter((protocol) => version === 4 || !extensionProtocols.has(protocol)),
      src: address,
      dst: address,
      srcPort: port,
      dstPort: port,
      tcpFlags: byte,
      icmpType: byte,
      icmpCode: byte,
      ttl: byte,
      dscp: fc.nat({ max: 63 }),
      vlan: fc.nat({ max: 4095 }),
      vlanInner: fc.nat({ max: 4095 }),
      fragment: fc.constantFrom('first' as const, 'later' as const),
      payload: fc.uint8Array({ maxLength: 200 }),
      ipv4Options: optionBytes(10),
      tcpOptions: optionBytes(10),
      extensions: fc.array(extension, { maxLength: 7 }),
    },
    { requiredKeys: ['protocol', 'src', 'dst'] },
  );
  return fc.tuple(any, fc.option(fc.nat({ max: 100 }))).map(([spec, padding]) => {
    const kept = onlyWhatApplies(version, spec);
    if (padding === null) return kept;
    return { ...kept, length: headersLength(kept) + (kept.payload?.length ?? 0) + padding };
  });
}

function onlyWhatApplies(version: 4 | 6, spec: PacketSpec & { readonly protocol: number }): PacketSpec {
  const drop = new Set<keyof PacketSpec>();
  const later = spec.fragment === 'later';
  if (spec.vlan === undefined) drop.add('vlanInner');
  if (later || !hasPorts(spec.protocol)) drop.add('srcPort').add('dstPort');
  if (later || spec.protocol !== Protocol.TCP) drop.add('tcpFlags').add('tcpOptions');
  if (later || !isIcmp(version, spec.protocol)) drop.add('icmpType').add('icmpCode');
  drop.add(version === 4 ? 'extensions' : 'ipv4Options');
  return Object.fromEntries(
    Object.entries(spec).filter(([name]) => !drop.has(name as keyof PacketSpec)),
  ) as unknown as PacketSpec;
}

/** Bytes of extension headers are not in the words that describe a packet: specs without them survive the round trip. */
export const describedSpec: fc.Arbitrary<PacketSpec> = packetSpec.filter(
  (spec) => spec.src.family === 4 || allExtensions(spec).length <= (spec.fragment ? 1 : 0),
);
