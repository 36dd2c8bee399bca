import type { FeedFormat, FeedSettings } from '../checked.ts';
import type { Path } from '../parse/document.ts';
import { createAddressRangesBuilder } from './address-ranges.ts';
import type { AddressSetContent } from './address-sets.ts';
import { feedCopyPath, readFeedCopy } from './feed-copy.ts';
import { quote } from './numbers.ts';
import { readDuration, readSize, type SetOptionsInput } from './set-options.ts';
import type { SetContext } from './sets.ts';

export interface FeedSetInput extends SetOptionsInput {
  readonly url: string;
  readonly every?: string | undefined;
  readonly shrink?: string | undefined;
  readonly maxSize?: string | undefined;
  readonly format?: FeedFormat | undefined;
}

const [LEAST_MS, MOST_MS] = [10_000, 30 * 86_400_000];
const [LEAST_BYTES, MOST_BYTES] = [1024, 256 * 2 ** 20];

/**
 * What the last good copy of the feed holds: nothing where it has never been fetched, which is a warning. Undefined when
 * the settings are wrong, which is reported.
 */
export function checkFeedSet(input: FeedSetInput, path: Path, context: SetContext): AddressSetContent | undefined {
  const feed = checkSettings(input, path, context);
  if (!feed) return undefined;
  const name = String(path.at(-1));
  const file = feedCopyPath(context.feedFolder, name, feed);
  const copy = readFeedCopy(file, file);
  const rest = { file, feed, includedFiles: new Set<string>() };
  if (copy && 'content' in copy) return { ...copy.content, ...rest };
  if (copy) {
    for (const { code, message, help } of copy.problems)
      context.report.warning(code, [...path, 'url'], message, help === undefined ? {} : { help });
  } else {
    const message = `feed "${name}" has never been fetched: the set is empty until it has`;
    context.report.warning('policy/feed-not-fetched', [...path, 'url'], message);
  }
  const nothing = createAddressRangesBuilder();
  return { ranges: nothing.build(), members: nothing.members, ...rest };
}

function checkSettings(input: FeedSetInput, path: Path, { report }: SetContext): FeedSettings | undefined {
  const { every = '1h', shrink = '50%', maxSize = '16MiB', format = 'lines' } = input;
  const url = input.url.trim();
  const wrongUrl = whatIsWrongWith(url);
  const everyMs = readDuration(every);
  const share = readShare(shrink);
  const maxBytes = readSize(maxSize, LEAST_BYTES, MOST_BYTES);
  const isOften = everyMs >= LEAST_MS && everyMs <= MOST_MS;
  if (wrongUrl !== undefined) report.error('policy/bad-url', [...path, 'url'], `${quote(url)} ${wrongUrl}`);
  if (!isOften) {
    const help = 'write it like "30m" or "1d", from 10s to 30d';
    report.error('policy/bad-duration', [...path, 'every'], `${quote(every)} is not how often to fetch`, { help });
  }
  if (Number.isNaN(share))
    report.error('policy/bad-share', [...path, 'shrink'], `${quote(shrink)} is not a share of the members`);
  if (Number.isNaN(maxBytes)) {
    const help = 'write it like "512KiB" or "64MiB", from 1KiB to 256MiB';
    report.error('policy/bad-size', [...path, 'maxSize'], `${quote(maxSize)} is not a size of a list`, { help });
  }
  if (wrongUrl !== undefined || !isOften || Number.isNaN(share) || Number.isNaN(maxBytes)) return undefined;
  return { url, everyMs, shrink: share, maxBytes, format };
}

function whatIsWrongWith(text: string): string | undefined {
  if (!URL.canParse(text)) return 'is not a URL';
  const { protocol, hostname } = new URL(text);
  if (protocol !== 'https:' && protocol !== 'http:') return 'is neither http nor https';
  return hostname === '' ? 'names no host' : undefined;
}

/** From 0 to 1; NaN where it is none. */
function readShare(text: string): number {
  const match = /^\s*(\d{1,3})\s*%\s*$/.exec(text);
  const percent = match ? Number(match[1]) : Number.NaN;
  return percent <= 100 ? percent / 100 : Number.NaN;
}
