import { closeSync, openSync, readSync } from 'node:fs';
import { SluiceError } from '../diagnostics/problem.ts';
import { unreadableFile } from '../diagnostics/unreadable-file.ts';
import { ByteReader } from './byte-reader.ts';
import { type CaptureRecord, malformed, viewOf } from './capture-record.ts';
import { isPcap, readPcap } from './pcap.ts';
import { isPcapng, readPcapng } from './pcapng.ts';

/**
 * The packets of a pcap or pcapng file, read chunk by chunk as they are asked for; the file is closed when the
 * iteration ends. Throws a SluiceError: `capture/unreadable`, `capture/format` or, after all whole records,
 * `capture/truncated`.
 */
export function* readCaptureFile(path: string): Generator<CaptureRecord> {
  const fd = attempt(path, () => openSync(path, 'r'));
  try {
    yield* readCapture(new ByteReader(path, (target) => attempt(path, () => readSync(fd, target))));
  } finally {
    closeSync(fd);
  }
}

/** The packets of a capture in memory; `name` is what messages call it. */
export function readCaptureBytes(bytes: Uint8Array, name: string): Generator<CaptureRecord> {
  return readCapture(ByteReader.of(name, bytes));
}

function readCapture(reader: ByteReader): Generator<CaptureRecord> {
  const start = reader.peek(4);
  if (start === undefined) throw malformed(reader, reader.atEnd() ? 'the file is empty' : 'the file is too short');
  const magic = viewOf(start).getUint32(0);
  if (isPcap(magic)) return readPcap(reader);
  if (isPcapng(magic)) return readPcapng(reader);
  throw malformed(reader, `no pcap or pcapng file: it begins with ${foreign(magic)}`);
}

/** First bytes by which other files are known that people give by mistake. */
const foreignMagics: readonly { readonly shift: number; readonly magic: number; readonly what: string }[] = [
  { shift: 16, magic: 0x1f8b, what: 'what gzip writes' },
  { shift: 0, magic: 0x28b52ffd, what: 'what zstd writes' },
  { shift: 0, magic: 0xfd377a58, what: 'what xz writes' },
  { shift: 0, magic: 0xa1b2cd34, what: "the mark of Kuznetsov's modified pcap" },
  { shift: 0, magic: 0x34cdb2a1, what: "the mark of Kuznetsov's modified pcap" },
];

function foreign(start: number): string {
  const known = foreignMagics.find(({ shift, magic }) => start >>> shift === magic);
  return known?.what ?? `0x${start.toString(16).padStart(8, '0')}`;
}

function attempt<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (cause) {
    const message = unreadableFile(path, cause as NodeJS.ErrnoException);
    throw new SluiceError({ code: 'capture/unreadable', message }, { cause });
  }
}
