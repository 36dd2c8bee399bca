/** The smallest value that can be reached by leaving out one thing after another while `fails` stays true. */
export function minimiseDocument<T>(document: T, fails: (smaller: T) => boolean): T {
  for (const candidate of smaller(document)) {
    if (fails(candidate as T)) return minimiseDocument(candidate as T, fails);
  }
  return document;
}

/** The value with one part less, large parts first: half a list, an item, a key, or so within an item or key. */
function* smaller(value: unknown): Generator<unknown> {
  if (Array.isArray(value)) {
    const half = value.length >> 1;
    if (half > 1) yield* [value.slice(0, half), value.slice(half)];
    for (const index of value.keys()) yield value.toSpliced(index, 1);
    for (const [index, item] of value.entries()) for (const less of smaller(item)) yield value.with(index, less);
  } else if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    for (const [key] of entries) yield Object.fromEntries(entries.filter(([other]) => other !== key));
    for (const [key, item] of entries) for (const less of smaller(item)) yield { ...value, [key]: less };
  }
}

/** The shortest and most zeroed frame for which `fails` stays true. */
export function minimiseBytes(
  bytes: Uint8Array,
  shortest: number,
  fails: (simpler: Uint8Array) => boolean,
): Uint8Array {
  let simplest = bytes;
  for (let length = shortest; length < simplest.length; length++) {
    const shorter = simplest.subarray(0, length);
    if (fails(shorter)) simplest = shorter;
  }
  for (const at of simplest.keys()) {
    const zeroed = simplest.with(at, 0);
    if (fails(zeroed)) simplest = zeroed;
  }
  return simplest;
}
