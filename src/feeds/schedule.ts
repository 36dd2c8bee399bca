const [FIRST_RETRY_MS, LAST_RETRY_MS] = [30_000, 3_600_000];
const LONGEST_WISH_MS = 86_400_000;

export interface Try {
  readonly everyMs: number;
  /** Tries without success, one behind the other. */
  readonly failures: number;
  /** What the server asked for. */
  readonly retryAfterMs?: number | undefined;
}

/**
 * How long to wait for the next try. After failures, twice as long each time, up to an hour, and never as long as it takes
 * when all is well; drawn by lot, so that a fleet that has failed together does not come back together.
 * @param random from 0 to 1
 */
export function waitMs({ everyMs, failures, retryAfterMs = 0 }: Try, random = Math.random()): number {
  if (failures === 0) return everyMs * (0.9 + 0.1 * random);
  const longest = Math.min(FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 16), LAST_RETRY_MS, everyMs);
  return Math.max(longest * (0.5 + 0.5 * random), Math.min(retryAfterMs, LONGEST_WISH_MS));
}
