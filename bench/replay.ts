import { execFileSync } from 'node:child_process';
import { statSync, writeFileSync } from 'node:fs';
import { buildFrame } from '../src/packet/build.ts';
import { parseNotation } from '../src/packet/notation.ts';
import { writePcap } from '../src/packet/pcap.ts';

const FRAMES = 64;
export const CAPTURE_PACKETS = 400_000;

/** A capture of TCP and UDP in both families with addresses and ports of their own, 60 to 1,500 bytes. */
export function writeCapture(path: string): void {
  const frames = Array.from({ length: FRAMES }, (_, i) => {
    const [from, to] =
      i % 4 === 3 ? [`[2001:db8::${i + 1}]`, '[2001:db8:5e::10]'] : [`198.51.100.${i + 1}`, '192.0.2.10'];
    const payload = '00'.repeat((i * 21) % 1400);
    const port = [22, 80, 443, 8000 + i, 53][i % 5];
    return buildFrame(
      parseNotation(`${i % 2 ? 'tcp' : 'udp'} ${from}:${40000 + i} > ${to}:${port} payload=${payload || '00'}`),
    );
  });
  writeFileSync(
    path,
    writePcap(Array.from({ length: CAPTURE_PACKETS }, (_, i) => ({ bytes: frames[i % FRAMES] as Uint8Array }))),
  );
  if (statSync(path).size === 0) throw new Error(`${path} is empty`);
}

/** Packets a second that `sluice replay -o ndjson` judges and prints, its start included. */
export function replayRate(policyFile: string, capture: string): number {
  const start = performance.now();
  const lines = execFileSync('bin/sluice', ['replay', policyFile, capture, '-o', 'ndjson'], {
    maxBuffer: 2 ** 30,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const seconds = (performance.now() - start) / 1000;
  const printed = lines.reduce((count, byte) => count + (byte === 0x0a ? 1 : 0), 0);
  if (printed !== CAPTURE_PACKETS) throw new Error(`${printed} lines for ${CAPTURE_PACKETS} packets`);
  return printed / seconds;
}
