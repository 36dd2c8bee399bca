import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { SluiceError } from '../diagnostics/problem.ts';
import { concat } from './bytes.ts';
import { readCaptureBytes, readCaptureFile } from './capture.ts';
import { writePcap } from './pcap.ts';
import { pcapngWriter } from './testing/pcapng-blocks.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-capture-'));
afterAll(() => rmSync(folder, { recursive: true }));

function saved(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** The packets read, and the codes of what ended the reading. */
function outcome(bytes: Uint8Array): { readonly packets: number; readonly codes: readonly string[] } {
  let packets = 0;
  try {
    for (const { bytes: packet, wireLength } of readCaptureBytes(bytes, 'x')) {
      expect(packet.length).toBeLessThanOrEqual(wireLength);
      packets++;
    }
    return { packets, codes: [] };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return { packets, codes: error.problems.map(({ code }) => code) };
  }
}

const packets = [10, 0, 61, 1500].map((length) => ({ bytes: new Uint8Array(length).fill(length) }));
const w = pcapngWriter(true);
const files: readonly [string, Uint8Array, boundaries: readonly number[]][] = [
  ['pcap', writePcap(packets), [24, 50, 66, 143, 1659]],
  [
    'pcapng',
    concat(w.section(), w.interface(1), ...packets.map(({ bytes }) => w.enhanced(0, 0n, bytes))),
    [28, 52, 96, 128, 224, 1756],
  ],
];

describe.each(files)('%s', (name, file, boundaries) => {
  test('cut anywhere, whole records are read and the cut is told', () => {
    for (let length = 4; length < file.length; length++) {
      const { packets: count, codes } = outcome(file.subarray(0, length));
      expect(count).toBe(Math.max(0, boundaries.filter((end) => end <= length).length - (name === 'pcap' ? 1 : 2)));
      expect({ length, codes }).toEqual({ length, codes: boundaries.includes(length) ? [] : ['capture/truncated'] });
    }
  });

  test('with bytes changed at random, it is read or refused', () => {
    const change = fc.tuple(fc.nat({ max: 200 }), fc.nat({ max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
        const mutated = file.slice();
        for (const [at, byte] of changes) mutated[at] = byte;
        const { codes } = outcome(mutated);
        for (const code of codes) expect(['capture/format', 'capture/truncated']).toContain(code);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('files', () => {
  test('larger than a chunk are read whole, and packets stay as they are when later ones are read', () => {
    const many = Array.from({ length: 3000 }, (_, index) => ({ bytes: new Uint8Array(1000).fill(index % 251) }));
    const records = [...readCaptureFile(saved('large.pcap', writePcap(many)))];
    expect(records).toHaveLength(3000);
    for (const [index, { bytes }] of records.entries()) {
      expect(Buffer.compare(bytes, many[index]?.bytes ?? new Uint8Array())).toBe(0);
    }
  });

  test('are closed when the iteration is left', () => {
    const path = saved('small.pcap', writePcap(packets));
    const open = () => readdirSync('/proc/self/fd').length;
    const before = open();
    for (const { index } of readCaptureFile(path)) if (index === 2) break;
    expect(open()).toBe(before);
  });

  test.each([
    ['missing.pcap', undefined, 'capture/unreadable', ' does not exist'],
    ['empty.pcap', '', 'capture/format', ': the file is empty'],
    ['tiny.pcap', 'ab', 'capture/format', ': the file is too short'],
    ['text.pcap', 'hello', 'capture/format', ': no pcap or pcapng file: it begins with 0x68656c6c'],
    ['zipped.pcap', '\x1f\x8b\x08\x00', 'capture/format', ': no pcap or pcapng file: it begins with what gzip writes'],
  ])('%s is told from a capture', (name, text, code, message) => {
    const path = text === undefined ? join(folder, name) : saved(name, Buffer.from(text, 'latin1'));
    expect(() => [...readCaptureFile(path)]).toThrow(
      expect.objectContaining({ message: path + message, problems: [expect.objectContaining({ code })] }),
    );
  });

  test('a folder cannot be read', () => {
    expect(() => [...readCaptureFile(folder)]).toThrow(`${folder} is a directory`);
  });
});
