/** Records by the second in which they are due, so that looking for those is no walk over all. */
export interface ExpiryBuckets {
  /** To be looked at once this tick has come. What has been noted for an earlier one need not be noted again. */
  note(record: number, expiry: bigint): void;
  /** Takes out what is due, each once; what is left when `isOver` says so is taken the next time. */
  takeDue(now: bigint, isOver: () => boolean): Generator<number>;
}

/** @param now the tick from which on is counted */
export function createExpiryBuckets(now: bigint, ticksPerSecond: number): ExpiryBuckets {
  const width = BigInt(ticksPerSecond);
  const buckets = new Map<number, number[] | Uint32Array>();
  /** The last second of which all has been taken. */
  let taken = Number(now / width);
  return {
    note(record, expiry) {
      // All of a bucket is due when its second begins; what is late already, in the next.
      const second = Math.max(taken + 1, Number((expiry + width - 1n) / width));
      const bucket = buckets.get(second);
      if (Array.isArray(bucket)) bucket.push(record);
      else buckets.set(second, [...(bucket ?? []), record]);
    },
    *takeDue(until, isOver) {
      const last = Number(until / width);
      for (; taken < last; taken++) {
        const bucket = buckets.get(taken + 1);
        if (bucket === undefined) continue;
        // A record that was freed and used again may stand here twice.
        const records = Array.isArray(bucket) ? Uint32Array.from(bucket).sort() : bucket;
        for (let i = 0; i < records.length; i++) {
          if (isOver()) {
            buckets.set(taken + 1, records.subarray(i));
            return;
          }
          if (i === 0 || records[i] !== records[i - 1]) yield records[i] as number;
        }
        buckets.delete(taken + 1);
      }
    },
  };
}
