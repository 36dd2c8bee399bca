import { Reader } from 'mmdb-lib';

/**
 * Databases of networks in the format of MaxMind (MaxMind DB, version 2): a binary tree over the bits of an address,
 * whose leaves point at records. mmdb-lib decodes records; it looks addresses up one by one, so the walk over all of
 * them is here. https://maxmind.github.io/MaxMind-DB/
 */
export interface Database {
  /** `GeoLite2-Country`, say. */
  readonly type: string;
  /** Calls back with each network that has a record, those of one family in order. IPv4 is not repeated inside of IPv6. */
  eachNetwork(visit: (network: Network, record: number) => void): void;
  /** What a network's record says. */
  recordAt(network: Network): unknown;
}

/** Good until the callback returns. Bits behind the length are zero. */
export interface Network {
  family: 4 | 6;
  length: number;
  /** Four words, the most significant first; of IPv4, the last one is the address. */
  readonly words: Uint32Array;
}

/** Between the tree and the records. */
const SEPARATOR_BYTES = 16;

/** @throws Error where it is no such database, or a damaged one; so do its functions */
export function openDatabase(bytes: Buffer): Database {
  // Records share parts: what many point at is decoded once, and a circle is not followed for ever.
  const reader = new Reader<object & never>(bytes, { cache: new Map<string | number, unknown>() });
  const { nodeCount, recordSize, nodeByteSize, ipVersion, binaryFormatMajorVersion, databaseType } = reader.metadata;
  const isSane = binaryFormatMajorVersion === 2 && (ipVersion === 4 || ipVersion === 6) && Number.isInteger(nodeCount);
  if (!isSane || nodeCount * nodeByteSize + SEPARATOR_BYTES >= bytes.length) throw new Error('its metadata is damaged');

  const childOf = (node: number, side: 0 | 1): number => readChild(bytes, node * nodeByteSize, side, recordSize);
  return {
    type: String(databaseType),
    recordAt: (network) => reader.get(addressText(network)),
    eachNetwork(visit) {
      const start4 = ipVersion === 4 ? 0 : firstOfIpv4(childOf, nodeCount);
      walk({ childOf, nodeCount, visit, family: 4, root: start4 });
      // Other prefixes of IPv6 (::ffff:0:0/96, 2002::/16) point at the tree of IPv4 as well.
      if (ipVersion === 6) walk({ childOf, nodeCount, visit, family: 6, root: 0, leaveOut: start4 });
    },
  };
}

/** Where `::/96` leads: a node, or beyond the nodes where all of IPv4 is in one network. */
function firstOfIpv4(childOf: Walk['childOf'], nodeCount: number): number {
  let node = 0;
  for (let depth = 0; depth < 96 && node < nodeCount; depth++) node = childOf(node, 0);
  return node;
}

interface Walk {
  readonly childOf: (node: number, side: 0 | 1) => number;
  readonly nodeCount: number;
  readonly visit: (network: Network, record: number) => void;
  readonly family: 4 | 6;
  readonly root: number;
  readonly leaveOut?: number;
}

function walk({ childOf, nodeCount, visit, family, root, leaveOut }: Walk): void {
  const network: Network = { family, length: 0, words: new Uint32Array(4) };
  const { words } = network;
  const [width, firstBit] = family === 4 ? [32, 96] : [128, 0];
  // A tree that is whole has each node once. In a damaged one, paths may share nodes without end.
  let steps = nodeCount * 2 + 1;

  function descend(node: number, depth: number): void {
    if (node > nodeCount) {
      network.length = depth;
      visit(network, node);
      return;
    }
    if (node === nodeCount || node === leaveOut) return;
    if (depth === width || steps-- === 0) throw new Error('its tree goes in circles');
    const word = (firstBit + depth) >> 5;
    const bit = 0x8000_0000 >>> (depth & 31);
    descend(childOf(node, 0), depth + 1);
    words[word] = (words[word] ?? 0) | bit;
    descend(childOf(node, 1), depth + 1);
    words[word] = (words[word] ?? 0) & ~bit;
  }
  descend(root, 0);
}

/** A node is two numbers of 24, 28 or 32 bits; of 28, the byte in the middle has the upper halves of both. */
function readChild(bytes: Buffer, at: number, side: 0 | 1, recordSize: number): number {
  if (recordSize === 24) return bytes.readUIntBE(at + side * 3, 3);
  if (recordSize === 32) return bytes.readUInt32BE(at + side * 4);
  const middle = bytes[at + 3] ?? 0;
  return side === 0
    ? ((middle >>> 4) << 24) | bytes.readUIntBE(at, 3)
    : ((middle & 0x0f) << 24) | bytes.readUIntBE(at + 4, 3);
}

function addressText({ family, words }: Network): string {
  const [a = 0, b = 0, c = 0, d = 0] = words;
  if (family === 4) return `${d >>> 24}.${(d >>> 16) & 255}.${(d >>> 8) & 255}.${d & 255}`;
  return [a, b, c, d].map((word) => `${(word >>> 16).toString(16)}:${(word & 0xffff).toString(16)}`).join(':');
}
