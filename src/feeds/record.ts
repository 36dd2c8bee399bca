import { readFileSync } from 'node:fs';
import * as z from 'zod/mini';
import { SluiceError } from '../diagnostics/problem.ts';
import { writeWhole } from './write-file.ts';

const record = z.object({
  /** When the server last said what the list is, or that it is the same. */
  checkedAt: z.optional(z.iso.datetime()),
  /** When it was last asked. */
  triedAt: z.optional(z.iso.datetime()),
  nextAt: z.optional(z.iso.datetime()),
  /** One behind the other. */
  failures: z._default(z.number(), 0),
  /** What came of the last try, where it was no good. */
  problem: z.optional(z.string()),
  /** Why a content is held back. */
  held: z.optional(z.string()),
});

/** How it goes with fetching a feed, beside its copy. Where it is lost, the feed is fetched sooner than it had to be. */
export type FeedRecord = z.infer<typeof record>;

const pathOf = (copy: string): string => copy.replace(/\.list$/, '.json');

/** Where a content waits for a yes: it is written as the copy is, and takes its place when it is accepted. */
export const heldPath = (copy: string): string => copy.replace(/\.list$/, '.held');

export function readRecord(copy: string): FeedRecord {
  try {
    return record.parse(JSON.parse(readFileSync(pathOf(copy), 'utf8')));
  } catch {
    return { failures: 0 };
  }
}

/** @throws SluiceError feed/not-written */
export function writeRecord(copy: string, content: FeedRecord): void {
  writeWhole(pathOf(copy), JSON.stringify(content));
}

/** On a disk that is full or read-only, feeds go on from memory. */
export function writeRecordIfPossible(copy: string, content: FeedRecord): void {
  try {
    writeRecord(copy, content);
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
  }
}
