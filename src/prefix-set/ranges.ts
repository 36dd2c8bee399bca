/** Address ranges of both families, inclusive, sorted, disjoint, merged where they touch. Host byte order. */
export interface AddressRanges {
  /** lo, hi, lo, hi, … */
  readonly v4: Uint32Array;
  /** lo high half, lo low half, hi high half, hi low half, … */
  readonly v6: BigUint64Array;
}
