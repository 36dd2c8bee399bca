/** Large enough that a system call and an allocation a chunk do not count, small enough to hold for one record. */
const CHUNK_BYTES = 1 << 20;

/** Writes the input's next bytes into `target` and returns how many, 0 at the end. */
export type Fill = (target: Uint8Array) => number;

/**
 * Reads an input from first to last byte, one chunk at a time. What it hands out aliases the chunk, which is never
 * written again: it stays as it is for as long as it is held.
 */
export class ByteReader {
  /** What messages call the input: a path. */
  readonly name: string;
  readonly #fill: Fill;
  #chunk: Uint8Array = new Uint8Array();
  /** The next byte to be read, in `#chunk` and in the input. */
  #at = 0;
  #offset = 0;

  constructor(name: string, fill: Fill) {
    this.name = name;
    this.#fill = fill;
  }

  /** Of bytes at hand. */
  static of(name: string, bytes: Uint8Array): ByteReader {
    const reader = new ByteReader(name, () => 0);
    reader.#chunk = bytes;
    return reader;
  }

  /** Bytes read so far. */
  get offset(): number {
    return this.#offset;
  }

  atEnd(): boolean {
    return this.peek(1) === undefined;
  }

  /** The next `size` bytes, which stay unread; undefined where fewer are left. */
  peek(size: number): Uint8Array | undefined {
    if (this.#at + size > this.#chunk.length && !this.#refill(size)) return undefined;
    return this.#chunk.subarray(this.#at, this.#at + size);
  }

  /** Reads `size` bytes; reads nothing and returns undefined where fewer are left. */
  take(size: number): Uint8Array | undefined {
    const bytes = this.peek(size);
    if (bytes !== undefined) this.#advance(size);
    return bytes;
  }

  /** Passes over `size` bytes, however many, without holding them; false where fewer are left. */
  skip(size: number): boolean {
    for (let left = size; left > 0; ) {
      const step = Math.min(left, CHUNK_BYTES);
      if (this.peek(step) === undefined) return false;
      this.#advance(step);
      left -= step;
    }
    return true;
  }

  #advance(size: number): void {
    this.#at += size;
    this.#offset += size;
  }

  /** Reads on until `size` unread bytes are in one new chunk. */
  #refill(size: number): boolean {
    const rest = this.#chunk.subarray(this.#at);
    const chunk = new Uint8Array(Math.max(size, CHUNK_BYTES));
    chunk.set(rest);
    let length = rest.length;
    while (length < size) {
      const read = this.#fill(chunk.subarray(length));
      if (read === 0) break;
      length += read;
    }
    this.#chunk = chunk.subarray(0, length);
    this.#at = 0;
    return length >= size;
  }
}
