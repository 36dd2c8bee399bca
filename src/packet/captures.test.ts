import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { SluiceError } from '../diagnostics/problem.ts';
import { readCaptureBytes, readCaptureFile } from './capture.ts';
import { crc32c } from './checksum.ts';
import { toEthernet } from './link-type.ts';
import { parseFrame } from './parse.ts';
import { captureNames, capturePath, noCaptures } from './testing/captures.ts';

const withoutCapinfos = spawnSync('capinfos', ['--version']).error === undefined ? false : 'capinfos is not installed';

/** What capinfos calls the link types that are among the captures. */
const encapsulations: Readonly<Record<string, readonly number[]>> = {
  ether: [1],
  null: [0],
  ppp: [9],
  rawip: [12, 14, 101],
  rawip4: [228],
  rawip6: [229],
};

describe(`all captures${noCaptures ? ` (skipped: ${noCaptures})` : ''}`, () => {
  test.skipIf(noCaptures || withoutCapinfos)('have the packets and link types that capinfos sees', () => {
    const paths = captureNames.map(capturePath);
    const table = execFileSync('capinfos', ['-T', '-r', '-M', '-E', '-c', ...paths], {
      encoding: 'utf8',
      stdio: 'pipe',
    });
    const rows = table
      .trim()
      .split('\n')
      .map((row) => row.split('\t'));
    expect(rows).toHaveLength(captureNames.length);
    for (const [path = '', encapsulation = '', count = ''] of rows) {
      const records = [...readCaptureFile(path)];
      expect({ path, count: records.length }).toEqual({ path, count: Number(count) });
      for (const { linkType } of records) expect(encapsulations[encapsulation]).toContain(linkType);
    }
  });

  test.skipIf(noCaptures)('are parsed, or their link type is refused by name', () => {
    const refused = new Set<string>();
    for (const name of captureNames) {
      for (const record of readCaptureFile(capturePath(name))) {
        try {
          const { bytes, frameLength } = toEthernet(record);
          const packet = parseFrame(bytes, { ifindex: 1, frameLength });
          expect(packet.payloadOffset).toBeLessThanOrEqual(frameLength);
        } catch (error) {
          if (!(error instanceof SluiceError)) throw error;
          expect(error.message).toBe(`record ${record.index} has the link type 9 (PPP)`);
          refused.add(name);
        }
      }
    }
    expect([...refused].every((name) => name.startsWith('quic_interop'))).toBe(true);
  });

  test.skipIf(noCaptures)('are the same from memory as from the file', () => {
    for (const name of captureNames) {
      const fromMemory = [...readCaptureBytes(readFileSync(capturePath(name)), name)];
      const fromFile = [...readCaptureFile(capturePath(name))];
      expect(fromMemory.length).toBe(fromFile.length);
      for (const [index, record] of fromFile.entries()) {
        expect(Buffer.compare(record.bytes, fromMemory[index]?.bytes ?? new Uint8Array())).toBe(0);
        expect(record.timestampNs).toBe(fromMemory[index]?.timestampNs);
      }
    }
  });

  test.skipIf(noCaptures)('hold SCTP packets whose checksums are as crc32c says', () => {
    let checked = 0;
    for (const record of readCaptureFile(capturePath('communityid_sctp.pcap'))) {
      const { protocol, l3Offset, l4Offset, length } = parseFrame(record.bytes, { ifindex: 1 });
      if (protocol !== 132) continue;
      const segment = record.bytes.slice(l4Offset, l3Offset + length);
      const view = new DataView(segment.buffer);
      const sum = view.getUint32(8, true);
      view.setUint32(8, 0);
      expect(crc32c(segment)).toBe(sum);
      checked++;
    }
    expect(checked).toBeGreaterThan(0);
  });
});
