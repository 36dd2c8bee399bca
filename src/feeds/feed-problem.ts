import { SluiceError } from '../diagnostics/problem.ts';
import type { ErrorCode } from '../diagnostics/registry.ts';
import { shownUrl } from './shown-url.ts';

/** Why a feed was not taken. */
export interface FeedError extends SluiceError {
  /** What the server asks to wait for before the next request. */
  readonly retryAfterMs?: number;
}

/** @param what goes on a sentence that begins with the URL */
export function feedProblem(
  code: Extract<ErrorCode, `feed/${string}`>,
  { url }: { readonly url: string },
  what: string,
  cause?: unknown,
  retryAfterMs?: number,
): FeedError {
  const message = `${shownUrl(url)}${what.startsWith(':') ? '' : ' '}${what}`;
  const error = new SluiceError({ code, message, severity: 'warning' }, cause === undefined ? {} : { cause });
  return Object.assign(error, retryAfterMs !== undefined && { retryAfterMs });
}
