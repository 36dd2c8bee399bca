import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readCaptureBytes, readCaptureFile } from '../packet/capture.ts';
import type { CaptureRecord } from '../packet/capture-record.ts';
import { writePcap } from '../packet/pcap.ts';
import { captureNames, capturePath, noCaptures } from '../packet/testing/captures.ts';
import type { CbpfInstruction } from './cbpf.ts';
import { runCbpf } from './cbpf-interpreter.ts';

type Line = readonly [code: number, k?: number, jt?: number, jf?: number];

const program = (...lines: readonly Line[]): CbpfInstruction[] =>
  lines.map(([code, k = 0, jt = 0, jf = 0]) => ({ code, k, jt, jf }));

/** Opcodes as `tcpdump -dd` prints them. */
const op = {
  ld: 0x20,
  ldh: 0x28,
  ldb: 0x30,
  ldLen: 0x80,
  ldImm: 0x00,
  ldMem: 0x60,
  ldIndW: 0x40,
  ldIndH: 0x48,
  ldIndB: 0x50,
  ldxImm: 0x01,
  ldxMem: 0x61,
  ldxLen: 0x81,
  ldxMsh: 0xb1,
  st: 0x02,
  stx: 0x03,
  add: 0x04,
  sub: 0x14,
  mul: 0x24,
  div: 0x34,
  or: 0x44,
  and: 0x54,
  lsh: 0x64,
  rsh: 0x74,
  neg: 0x84,
  mod: 0x94,
  xor: 0xa4,
  addX: 0x0c,
  subX: 0x1c,
  mulX: 0x2c,
  divX: 0x3c,
  lshX: 0x6c,
  rshX: 0x7c,
  modX: 0x9c,
  ja: 0x05,
  jeq: 0x15,
  jgt: 0x25,
  jge: 0x35,
  jset: 0x45,
  jeqX: 0x1d,
  jgtX: 0x2d,
  ret: 0x06,
  retA: 0x16,
  tax: 0x07,
  txa: 0x87,
} as const;

const frame = Uint8Array.of(0x45, 0xff, 0x80, 0x01, 0x02, 0x03, 0x04, 0x05);

describe('loads', () => {
  test.each<[string, Line[], number]>([
    ['a word, unsigned', [[op.ld, 1]], 0xff800102],
    ['a half word', [[op.ldh, 2]], 0x8001],
    ['a byte', [[op.ldb, 7]], 5],
    [
      'a word at X + k',
      [
        [op.ldxImm, 3],
        [op.ldIndW, 1],
      ],
      0x02030405,
    ],
    [
      'a half word at X + k',
      [
        [op.ldxImm, 3],
        [op.ldIndH, 3],
      ],
      0x0405,
    ],
    [
      'a byte at X + k',
      [
        [op.ldxImm, 3],
        [op.ldIndB, 4],
      ],
      5,
    ],
    ['the length on the wire', [[op.ldLen]], 1500],
    ['the length on the wire to X', [[op.ldxLen], [op.txa]], 1500],
    ['an IPv4 header length', [[op.ldxMsh, 0], [op.txa]], 20],
    [
      'scratch memory',
      [
        [op.ldImm, 9],
        [op.st, 15],
        [op.ldImm, 0],
        [op.ldMem, 15],
      ],
      9,
    ],
    ['scratch memory by X', [[op.ldxImm, 9], [op.stx, 0], [op.ldxImm, 0], [op.ldxMem, 0], [op.txa]], 9],
    ['registers that nobody set', [[op.ldImm, 0], [op.addX]], 0],
  ])('%s', (_what, lines, result) => {
    expect(runCbpf(program(...lines, [op.retA]), frame, 1500)).toBe(result);
  });

  test.each<[string, Line[]]>([
    ['a word behind the end', [[op.ld, 5]]],
    ['a byte behind the end', [[op.ldb, 8]]],
    [
      'an index beyond 32 bits',
      [
        [op.ldxImm, 0xffff_ffff],
        [op.ldIndB, 2],
      ],
    ],
    ['a header length behind the end', [[op.ldxMsh, 8]]],
    ['an ancillary field of the kernel', [[op.ld, 0xffff_f000]]],
    ['scratch memory that is not there', [[op.ldMem, 16]]],
    ['a store beside scratch memory', [[op.st, 16]]],
  ])('%s is no match', (_what, lines) => {
    expect(runCbpf(program(...lines, [op.ret, 1]), frame, 1500)).toBe(0);
  });
});

describe('arithmetic is of 32 bits without sign', () => {
  test.each<[string, number, number, number, number]>([
    ['add', op.add, 0xffff_ffff, 2, 1],
    ['sub', op.sub, 1, 2, 0xffff_ffff],
    ['mul', op.mul, 0x1234_5678, 0x9abc_def0, 0x242d_2080],
    ['div', op.div, 0xffff_ffff, 16, 0x0fff_ffff],
    ['mod', op.mod, 0xffff_ffff, 16, 15],
    ['or', op.or, 0x8000_0000, 1, 0x8000_0001],
    ['and', op.and, 0xf000_000f, 0x8000_0001, 0x8000_0001],
    ['xor', op.xor, 0xf000_0000, 0x7000_0000, 0x8000_0000],
    ['lsh', op.lsh, 1, 31, 0x8000_0000],
    ['lsh by a whole word', op.lsh, 1, 32, 0],
    ['rsh', op.rsh, 0x8000_0000, 31, 1],
    ['rsh by a whole word', op.rsh, 0x8000_0000, 32, 0],
    ['neg', op.neg, 1, 0, 0xffff_ffff],
  ])('%s', (_what, code, a, operand, result) => {
    expect(runCbpf(program([op.ldImm, a], [code, operand], [op.retA]), frame, 0)).toBe(result);
    const withX = program([op.ldxImm, operand], [op.ldImm, a], [code | 0x08], [op.retA]);
    expect(runCbpf(withX, frame, 0)).toBe(result);
  });

  test.each([op.divX, op.modX])('division by an X of zero is no match (%i)', (code) => {
    expect(runCbpf(program([op.ldImm, 1], [code], [op.ret, 1]), frame, 0)).toBe(0);
  });
});

describe('jumps', () => {
  test.each<[string, number, number, number, boolean]>([
    ['jeq', op.jeq, 5, 5, true],
    ['jeq', op.jeq, 5, 6, false],
    ['jgt, unsigned', op.jgt, 0x8000_0000, 1, true],
    ['jgt', op.jgt, 1, 1, false],
    ['jge', op.jge, 1, 1, true],
    ['jset, the highest bit', op.jset, 0x8000_0001, 0x8000_0000, true],
    ['jset', op.jset, 6, 1, false],
  ])('%s (code %i) of %i and %i: %s', (_what, code, a, operand, jumps) => {
    const end: Line[] = [
      [op.ret, 0],
      [op.ret, 7],
    ];
    expect(runCbpf(program([op.ldImm, a], [code, operand, 1, 0], ...end), frame, 0)).toBe(jumps ? 7 : 0);
    const withX = program([op.ldxImm, operand], [op.ldImm, a], [code | 0x08, 0, 1, 0], ...end);
    expect(runCbpf(withX, frame, 0)).toBe(jumps ? 7 : 0);
  });

  test('ja goes on behind what it leaves out', () => {
    expect(runCbpf(program([op.ja, 1], [op.ret, 1], [op.ret, 2]), frame, 0)).toBe(2);
  });

  test('a jump back, as the kernel refuses it, is no match', () => {
    expect(runCbpf(program([op.ldImm, 1], [op.ja, 0xffff_fffe], [op.retA]), frame, 0)).toBe(0);
  });

  test('a program without return is no match', () => {
    expect(runCbpf(program([op.ldImm, 1]), frame, 0)).toBe(0);
    expect(runCbpf([], frame, 0)).toBe(0);
  });
});

const noTcpdump = spawnSync('tcpdump', ['--version']).error === undefined ? false : 'tcpdump is not installed';
const skipped = noCaptures || noTcpdump;

describe(`tcpdump decides the same on all captures${skipped ? ` (skipped: ${skipped})` : ''}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-cbpf-'));
  const all = join(folder, 'all.pcap');
  let records: CaptureRecord[] = [];

  beforeAll(() => {
    const ethernet = captureNames
      .flatMap((name) => [...readCaptureFile(capturePath(name))])
      .filter(({ linkType }) => linkType === 1);
    // The time says which packet it was.
    records = ethernet.map((record, index) => ({ ...record, timestampNs: BigInt(index) }));
    writeFileSync(all, writePcap(records));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test
    .skipIf(skipped)
    .each([
      'tcp dst port 23',
      'udp port 53 and not ip6',
      'tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn',
      'ip[0] & 0xf != 5 or ip6[6] == 0',
      'len > 500 and len <= 1000',
      'vlan and ip',
      'icmp[icmptype] == icmp-echo or icmp6',
      'net 10.0.0.0/8 or src net 2001:db8::/32',
      'tcp[((tcp[12] & 0xf0) >> 2):4] = 0x47455420',
      'ip6[6] == 0 or ip6 multicast',
      'ip[2:2] % 7 == 3 and (ip[2:2] / 3) * 2 > 40',
      'arp or ether multicast',
      'portrange 1000-2000 and greater 100',
    ])('%s', (expression) => {
    const compiled = execFileSync('tcpdump', ['-y', 'EN10MB', '-ddd', expression], { encoding: 'utf8', stdio: 'pipe' });
    const lines = compiled
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(' ').map(Number));
    const instructions = lines.map(([code = 0, jt = 0, jf = 0, k = 0]) => ({ code, jt, jf, k }));
    const output = execFileSync('tcpdump', ['-r', all, '-w', '-', '--time-stamp-precision=nano', expression], {
      stdio: 'pipe',
      maxBuffer: 1 << 28,
    });
    const matched = [...readCaptureBytes(output, 'tcpdump')].map(({ timestampNs }) => timestampNs);
    const ours = records.filter(({ bytes, wireLength }) => runCbpf(instructions, bytes, wireLength) !== 0);
    expect(ours.map(({ timestampNs }) => timestampNs)).toEqual(matched);
  });
});
