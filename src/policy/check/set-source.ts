import type { AddressSet } from '../checked.ts';
import { readNetworks } from '../geo/networks.ts';
import type { UnreadableFile } from '../parse/read-file.ts';
import { readFeedCopy } from './feed-copy.ts';
import { readSetFile, type SetFileResult } from './set-file.ts';

/** What a set follows while it is in force: a file of addresses, the copy of a feed, or some records of a database. */
export type SetSource = Pick<AddressSet, 'file' | 'feed' | 'selection'>;

/** What tells one source from another: sets of one source have the same members. Undefined of a list. */
export function sourceKey({ file, selection }: SetSource): string | undefined {
  return file === undefined || selection === undefined ? file : `${file} ${JSON.stringify(selection)}`;
}

/** @param shownPath how problems name the file */
export function readSetSource(
  file: string,
  { feed, selection }: SetSource,
  shownPath: string,
): SetFileResult | { readonly unreadable: UnreadableFile } {
  if (selection) return readNetworks(file, selection, shownPath);
  if (!feed) return readSetFile(file, shownPath);
  const copy = readFeedCopy(file, shownPath);
  if (copy === undefined) {
    return { unreadable: { code: 'policy/file-missing', message: `${shownPath} is gone: the copy of a feed` } };
  }
  return 'content' in copy ? copy.content : copy;
}
