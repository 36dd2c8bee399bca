import ipaddr from 'ipaddr.js';

/** What a record may hold, in the types that databases use for it. */
export type Field = string | number | { readonly [key: string]: Field };

export interface DatabaseOptions {
  readonly ipVersion?: 4 | 6;
  readonly recordSize?: 24 | 28 | 32;
  /** Whether `::ffff:0:0/96` and `2002::/16` point at the tree of IPv4, as in the databases of MaxMind. */
  readonly aliases?: boolean;
}

type Child = Node | { readonly record: number } | undefined;
interface Node {
  children: [Child, Child];
  number?: number;
}

/** A database in the format of MaxMind with a record for each network. https://maxmind.github.io/MaxMind-DB/ */
export function writeDatabase(
  networks: Iterable<readonly [prefix: string, record: Field]>,
  { ipVersion = 6, recordSize = 24, aliases = true }: DatabaseOptions = {},
): Buffer {
  const root: Node = { children: [undefined, undefined] };
  const data: Buffer[] = [];
  const offsets = new Map<string, number>();
  let dataSize = 0;
  const place = (record: Field): number => {
    const key = JSON.stringify(record);
    const known = offsets.get(key);
    if (known !== undefined) return known;
    const bytes = encode(record);
    offsets.set(key, dataSize);
    data.push(bytes);
    dataSize += bytes.length;
    return dataSize - bytes.length;
  };
  for (const [prefix, record] of networks) insert(root, bitsOf(prefix, ipVersion), { record: place(record) });
  if (aliases && ipVersion === 6) {
    const ipv4 = at(root, '0'.repeat(96));
    if (ipv4) for (const prefix of ['::ffff:0:0/96', '2002::/16']) insert(root, bitsOf(prefix, 6), ipv4);
  }
  const nodes = numbered(root);
  const tree = Buffer.alloc((nodes.length * recordSize) / 4);
  const numberOf = (child: Child): number => {
    if (child === undefined) return nodes.length;
    return 'record' in child ? nodes.length + 16 + child.record : (child.number as number);
  };
  nodes.forEach(({ children: [left, right] }, i) => {
    writeNode(tree, (i * recordSize) / 4, numberOf(left), numberOf(right), recordSize);
  });
  const metadata = encode({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1_790_000_000,
    database_type: 'Test',
    ip_version: ipVersion,
    node_count: nodes.length,
    record_size: recordSize,
  });
  return Buffer.concat([tree, Buffer.alloc(16), ...data, Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'), metadata]);
}

function bitsOf(prefix: string, ipVersion: 4 | 6): string {
  const [address, length] = ipaddr.parseCIDR(prefix);
  const bits = address
    .toByteArray()
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('')
    .slice(0, length);
  return address.kind() === 'ipv4' && ipVersion === 6 ? '0'.repeat(96) + bits : bits;
}

function insert(root: Node, bits: string, leaf: Child): void {
  let node = root;
  for (let depth = 0; depth < bits.length - 1; depth++) {
    const side = Number(bits[depth]) as 0 | 1;
    const next = node.children[side];
    if (next && 'record' in next) throw new Error('networks of a test do not lie in one another');
    const child: Node = next ?? { children: [undefined, undefined] };
    node.children[side] = child;
    node = child;
  }
  node.children[Number(bits.at(-1)) as 0 | 1] = leaf;
}

function at(root: Node, bits: string): Child {
  let child: Child = root;
  for (const bit of bits) {
    if (child === undefined || 'record' in child) return child;
    child = child.children[Number(bit) as 0 | 1];
  }
  return child;
}

function numbered(root: Node): Node[] {
  const nodes: Node[] = [];
  const waiting: Node[] = [root];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (node.number !== undefined) continue;
    node.number = nodes.length;
    nodes.push(node);
    for (const child of node.children) if (child && 'children' in child) waiting.push(child);
  }
  return nodes;
}

function writeNode(tree: Buffer, offset: number, left: number, right: number, recordSize: number): void {
  if (recordSize === 32) {
    tree.writeUInt32BE(left, offset);
    tree.writeUInt32BE(right, offset + 4);
    return;
  }
  tree.writeUIntBE(left & 0xff_ffff, offset, 3);
  tree.writeUIntBE(right & 0xff_ffff, offset + (recordSize === 28 ? 4 : 3), 3);
  if (recordSize === 28) tree[offset + 3] = ((left >>> 24) << 4) | (right >>> 24);
}

function encode(value: Field): Buffer {
  if (typeof value === 'string') {
    const size = value.length < 29 ? [(2 << 5) | value.length] : [(2 << 5) | 29, value.length - 29];
    return Buffer.concat([Buffer.from(size), Buffer.from(value)]);
  }
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(5, (6 << 5) | 4);
    bytes.writeUInt32BE(value, 1);
    return bytes;
  }
  const entries = Object.entries(value);
  return Buffer.concat([Buffer.from([(7 << 5) | entries.length]), ...entries.flat().map(encode)]);
}
