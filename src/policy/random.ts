/** A whole number from 0 to `below` - 1. */
export type Random = (below: number) => number;

/** Numerical Recipes' linear congruential generator, of which the high bits are the better ones. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
