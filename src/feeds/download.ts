import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { feedProblem } from './feed-problem.ts';

/** How long a server may take. */
export interface DownloadLimits {
  /** From the request to the last byte, all redirects included. */
  readonly totalMs: number;
  /** Without a byte. */
  readonly silenceMs: number;
}

export const DEFAULT_LIMITS: DownloadLimits = { totalMs: 120_000, silenceMs: 20_000 };

const MAX_REDIRECTS = 5;

export interface DownloadRequest {
  readonly url: string;
  /** Of what comes out of decompression. */
  readonly maxBytes: number;
  readonly limits: DownloadLimits;
  /** Of the content that is here already. */
  readonly etag?: string;
  readonly lastModified?: string;
  readonly signal?: AbortSignal;
}

export type Download =
  | { readonly kind: 'unchanged' }
  | {
      readonly kind: 'content';
      readonly bytes: Buffer;
      readonly contentType: string;
      readonly etag?: string;
      readonly lastModified?: string;
    };

/**
 * Fetches what is at the URL, unless it is what is here already. Reads no more than it may, however long the server goes
 * on; waits no longer than it may, however slowly the server drips.
 * @throws SluiceError feed/unreachable, feed/timeout, feed/refused, feed/too-large
 */
export async function download(request: DownloadRequest): Promise<Download> {
  const { limits, signal } = request;
  const stop = new AbortController();
  const give = (why: 'total' | 'silence' | 'closed') => (): void => stop.abort(why);
  const total = setTimeout(give('total'), limits.totalMs);
  const silence = setTimeout(give('silence'), limits.silenceMs);
  const close = give('closed');
  signal?.addEventListener('abort', close, { once: true });
  if (signal?.aborted) close();
  try {
    return await exchange(request, stop.signal, () => silence.refresh());
  } catch (error) {
    const why = stop.signal.reason as unknown;
    if (why === 'total')
      throw feedProblem('feed/timeout', request, `took longer than ${limits.totalMs / 1000} s`, error);
    if (why === 'silence')
      throw feedProblem('feed/timeout', request, `was silent for ${limits.silenceMs / 1000} s`, error);
    throw error;
  } finally {
    clearTimeout(total);
    clearTimeout(silence);
    signal?.removeEventListener('abort', close);
    // What is left of an answer is not waited for.
    stop.abort('done');
  }
}

async function exchange(request: DownloadRequest, signal: AbortSignal, heard: () => void): Promise<Download> {
  const response = await follow(request, signal);
  heard();
  if (response.status === 304) return { kind: 'unchanged' };
  if (!response.ok) throw refused(request, response);
  const [etag, lastModified] = [response.headers.get('etag'), response.headers.get('last-modified')];
  const bytes = await read(response, request, heard);
  return {
    kind: 'content',
    bytes: await unpacked(bytes, request),
    contentType: response.headers.get('content-type') ?? '',
    ...(etag !== null && { etag }),
    ...(lastModified !== null && { lastModified }),
  };
}

/** Redirects are followed here: never from https to http, never with the password to another server, and not in circles. */
async function follow(request: DownloadRequest, signal: AbortSignal): Promise<Response> {
  let url = new URL(request.url);
  const { origin } = url;
  const { username, password } = url;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    [url.username, url.password] = ['', ''];
    const headers = headersOf(request, url.origin === origin ? { username, password } : undefined);
    const response = await ask(url, headers, signal, request);
    const location = response.headers.get('location');
    if (response.status < 300 || response.status >= 400 || response.status === 304 || location === null)
      return response;
    await response.body?.cancel();
    if (!URL.canParse(location, url.href)) throw feedProblem('feed/refused', request, 'redirects to no URL');
    const next = new URL(location, url);
    const isSafe = next.protocol === 'https:' || (next.protocol === 'http:' && url.protocol === 'http:');
    if (!isSafe)
      throw feedProblem('feed/refused', request, `redirects to ${next.protocol}//${next.host}, which is not safe`);
    url = next;
  }
  throw feedProblem('feed/refused', request, `redirects more than ${MAX_REDIRECTS} times`);
}

async function ask(url: URL, headers: Headers, signal: AbortSignal, request: DownloadRequest): Promise<Response> {
  try {
    return await fetch(url, { headers, redirect: 'manual', signal });
  } catch (error) {
    throw broken(error, request, `${url.host} was not reached`);
  }
}

interface Credentials {
  readonly username: string;
  readonly password: string;
}

function headersOf({ etag, lastModified }: DownloadRequest, credentials?: Credentials): Headers {
  const headers = new Headers({ 'user-agent': 'sluice', accept: 'text/plain, text/csv, */*;q=0.5' });
  if (etag !== undefined) headers.set('if-none-match', etag);
  if (lastModified !== undefined) headers.set('if-modified-since', lastModified);
  if (credentials && (credentials.username !== '' || credentials.password !== '')) {
    const { username, password } = credentials;
    const plain = `${decoded(username)}:${decoded(password)}`;
    headers.set('authorization', `Basic ${Buffer.from(plain).toString('base64')}`);
  }
  return headers;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The body, decompressed as it comes: a bomb goes off no further than the limit. */
async function read(response: Response, request: DownloadRequest, heard: () => void): Promise<Buffer> {
  const { maxBytes } = request;
  // Of a compressed body, this is less than what comes out.
  if (Number(response.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge(request);
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body ?? []) {
      heard();
      size += chunk.length;
      if (size > maxBytes) throw tooLarge(request);
      chunks.push(chunk);
    }
  } catch (error) {
    throw broken(error, request, 'the answer broke off');
  }
  return Buffer.concat(chunks);
}

const inflate = promisify(gunzip);

/** Some lists are files that are compressed, whatever the server says of them. */
async function unpacked(bytes: Buffer, request: DownloadRequest): Promise<Buffer> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return await inflate(bytes, { maxOutputLength: request.maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(request);
    throw feedProblem('feed/not-a-list', request, 'sends a damaged gzip file', error);
  }
}

const tooLarge = (request: DownloadRequest) =>
  feedProblem('feed/too-large', request, `sends more than the ${request.maxBytes} bytes that are taken`);

function refused(request: DownloadRequest, { status, statusText, headers }: Response) {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  const what = `answers ${status}${statusText === '' ? '' : ` ${statusText}`}`;
  return feedProblem('feed/refused', request, what, undefined, Number.isFinite(seconds) ? seconds * 1000 : undefined);
}

/** What undici throws says little itself, and its cause more: ECONNREFUSED, CERT_HAS_EXPIRED, other side closed. */
function broken(error: unknown, request: DownloadRequest, what: string): unknown {
  if (error instanceof Error && error.name === 'SluiceError') return error;
  const { cause } = error as { cause?: { code?: string; message?: string } };
  const reason = cause?.code ?? cause?.message ?? (error instanceof Error ? error.message : String(error));
  return feedProblem('feed/unreachable', request, `: ${what} (${reason})`, error);
}
