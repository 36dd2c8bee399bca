/** How much a run tries. `make fuzz` sets SLUICE_FUZZ=long. */
const long = process.env['SLUICE_FUZZ'] === 'long';

/**
 * FUZZ_SEED repeats a run. Without it, a short run is the same every time, so that a red build is the change's own
 * fault; a long one is always another.
 */
export const seed = Number(process.env['FUZZ_SEED'] ?? (long ? Date.now() % 2 ** 31 : 1));

/** Minutes that a long run takes for each of its tests; undefined in a short one. */
export const fuzzMinutes: number | undefined = long ? Number(process.env['FUZZ_MINUTES'] ?? 10) : undefined;

/**
 * Numbers from 0 on: `short` of them, or as many as the minutes of a long run allow, and until there is enough, however
 * long that takes.
 */
export function* rounds(short: number, isEnough: () => boolean = () => true): Generator<number> {
  const end = fuzzMinutes === undefined ? undefined : Date.now() + fuzzMinutes * 60_000;
  const isOver = (round: number): boolean => (end === undefined ? round >= short : Date.now() >= end && isEnough());
  for (let round = 0; !isOver(round); round++) yield round;
}

/** For a test's timeout: no limit that a sound run can meet. */
export const patienceMs = (fuzzMinutes ?? 5) * 60_000 + 300_000;
