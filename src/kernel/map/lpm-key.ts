import type { Codec } from '../codec.ts';

/** A key of an LPM trie: the first `prefixLength` bits of `data`, in network order, count. */
export interface LpmKey {
  readonly prefixLength: number;
  readonly data: Uint8Array;
}

/** `struct bpf_lpm_trie_key` with `dataSize` bytes of data: 4 for IPv4, 16 for IPv6. */
export function lpmKey(dataSize: number): Codec<LpmKey> {
  return {
    size: 4 + dataSize,
    read: (view, offset) => ({
      prefixLength: view.getUint32(offset, true),
      data: new Uint8Array(view.buffer, view.byteOffset + offset + 4, dataSize).slice(),
    }),
    write: (view, offset, { prefixLength, data }) => {
      if (data.length !== dataSize || prefixLength > dataSize * 8) {
        throw new RangeError(
          `a prefix of ${prefixLength} bits of ${data.length} bytes in a trie of ${dataSize}-byte keys`,
        );
      }
      view.setUint32(offset, prefixLength, true);
      new Uint8Array(view.buffer, view.byteOffset + offset + 4, dataSize).set(data);
    },
  };
}
