import type { AddressBits, Prefix } from './columns.ts';

/** Values by prefix. */
export interface PrefixMap<T> {
  readonly size: number;
  get(prefix: Prefix): T | undefined;
  set(prefix: Prefix, value: T): void;
  /** False where there is none. */
  delete(prefix: Prefix): boolean;
  values(): IterableIterator<T>;
}

/** One number or bigint a prefix, which a Map finds sooner than text. */
export const prefixKey = ({ address, length }: Prefix, addressBits: AddressBits): number | bigint =>
  addressBits === 32 ? Number(address) * 64 + length : (address << 8n) | BigInt(length);

export function createPrefixMap<T>(addressBits: AddressBits): PrefixMap<T> {
  const map = new Map<number | bigint, T>();
  return {
    get size() {
      return map.size;
    },
    get: (prefix) => map.get(prefixKey(prefix, addressBits)),
    set: (prefix, value) => {
      map.set(prefixKey(prefix, addressBits), value);
    },
    delete: (prefix) => map.delete(prefixKey(prefix, addressBits)),
    values: () => map.values(),
  };
}
