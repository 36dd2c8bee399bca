import { renameSync } from 'node:fs';
import { SluiceError } from '../diagnostics/problem.ts';
import { type FeedOrigin, readFeedOrigin } from '../policy/check/feed-copy.ts';
import type { FeedSet } from './feed-set.ts';
import { heldPath, readRecord, writeRecordIfPossible } from './record.ts';
import { notWritten } from './write-file.ts';

/**
 * Lets the content through that is held back: it becomes the copy, and whoever follows the copy takes it.
 * @throws SluiceError feed/nothing-held, feed/not-written
 */
export function acceptHeld({ name, file }: FeedSet): FeedOrigin {
  const held = heldPath(file);
  const origin = readFeedOrigin(held);
  if (!origin) {
    throw new SluiceError({ code: 'feed/nothing-held', message: `no content of feed "${name}" is held back` });
  }
  try {
    renameSync(held, file);
  } catch (error) {
    throw notWritten(file, error);
  }
  const { held: _, ...record } = readRecord(file);
  writeRecordIfPossible(file, record);
  return origin;
}
