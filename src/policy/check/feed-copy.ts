import { createHash } from 'node:crypto';
import { join } from 'node:path';
import * as z from 'zod/mini';
import type { Problem } from '../../diagnostics/problem.ts';
import type { FeedSettings } from '../checked.ts';
import { readRegularFile } from '../parse/read-file.ts';
import { parseSetBytes, type SetFileContent, type SetFileResult } from './set-file.ts';

/**
 * The last good copy of a feed on disk: a file of a set that tells in its second line what it is. The check reads it and
 * nothing else, so that a policy means the same wherever it is built; src/feeds writes it, whole or not at all.
 */

const FIRST_LINE = '# A copy of a feed, kept by Sluice: what is changed here counts as damage.\n';

const MAX_BYTES = 256 * 1024 * 1024;

const origin = z.object({
  /** Without user and password. */
  url: z.string(),
  fetchedAt: z.iso.datetime(),
  /** What wrote it. */
  by: z.string(),
  /** Lines with an address, prefix or range. */
  members: z.number(),
  /** Lines of the feed that were none of these. */
  skipped: z.number(),
  etag: z.optional(z.string()),
  lastModified: z.optional(z.string()),
  /** Of what follows. */
  sha256: z.string(),
});

/** Where a copy comes from, and when it came. */
export type FeedOrigin = z.infer<typeof origin>;

export interface FeedCopy {
  readonly origin: FeedOrigin;
  readonly content: SetFileContent;
}

/** Where copies are kept: root writes there, everyone reads. */
export function feedFolder(): string {
  return process.env['SLUICE_FEEDS'] ?? '/var/lib/sluice/feeds';
}

/** The copy of a set's feed. Another address or another format is another feed, of which there is no copy yet. */
export function feedCopyPath(folder: string, set: string, { url, format }: FeedSettings): string {
  const hash = createHash('sha256').update(`${format} ${url}`).digest('hex').slice(0, 12);
  return join(folder, `${set}-${hash}.list`);
}

/** @param lines each ended by a line feed */
export function feedCopyText(lines: string, about: Omit<FeedOrigin, 'sha256'>): string {
  const header: FeedOrigin = { ...about, sha256: digest(lines) };
  return `${FIRST_LINE}# ${JSON.stringify(header)}\n${lines}`;
}

/** Undefined where there is none: the feed has never been fetched. */
export function readFeedCopy(
  path: string,
  shownPath: string,
): FeedCopy | { readonly problems: readonly Problem[] } | undefined {
  const bytes = readRegularFile(path, MAX_BYTES, shownPath);
  if (!Buffer.isBuffer(bytes)) return bytes.code === 'policy/file-missing' ? undefined : { problems: [bytes] };
  const found = originOf(bytes);
  const content: SetFileResult | undefined = found && parseSetBytes(found.lines, shownPath);
  if (found === undefined || content === undefined || 'problems' in content) return { problems: [damaged(shownPath)] };
  return { origin: found.origin, content };
}

/** What the copy says of itself, where that fits what it holds; undefined where there is none or it is damaged. */
export function readFeedOrigin(path: string): FeedOrigin | undefined {
  const bytes = readRegularFile(path, MAX_BYTES);
  return Buffer.isBuffer(bytes) ? originOf(bytes)?.origin : undefined;
}

function originOf(bytes: Buffer): { readonly origin: FeedOrigin; readonly lines: Buffer } | undefined {
  const start = FIRST_LINE.length + 2;
  const end = bytes.indexOf('\n', start);
  if (end < 0 || bytes.toString('latin1', 0, FIRST_LINE.length) !== FIRST_LINE) return undefined;
  const result = z.safeParse(origin, parsed(bytes.toString('utf8', start, end)));
  const lines = bytes.subarray(end + 1);
  return result.success && result.data.sha256 === digest(lines) ? { origin: result.data, lines } : undefined;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

const digest = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');

function damaged(shownPath: string): Problem {
  return { code: 'policy/feed-damaged', message: `${shownPath} is not as Sluice has written it` };
}
