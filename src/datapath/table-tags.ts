const WORD_SLOTS = 8;

/** Slot n of a table: byte n % 8 of word n / 8, as in struct group. */
export const tagWords = (buffer: ArrayBuffer, slots: number): BigInt64Array =>
  new BigInt64Array(buffer, 0, Math.ceil(slots / WORD_SLOTS));

/**
 * Gives a slot another tag while packets do the same to it and to those beside it. False where it has another tag than
 * `from` by now.
 */
export function retag(words: BigInt64Array, slot: number, from: number, to: number): boolean {
  const index = Math.floor(slot / WORD_SLOTS);
  const shift = BigInt((slot % WORD_SLOTS) * 8);
  for (;;) {
    const word = Atomics.load(words, index);
    if (Number((word >> shift) & 0xffn) !== from) return false;
    const next = BigInt.asIntN(64, word ^ (BigInt(from ^ to) << shift));
    if (Atomics.compareExchange(words, index, word, next) === word) return true;
  }
}
