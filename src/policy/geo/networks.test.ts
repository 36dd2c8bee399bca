import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Reader } from 'mmdb-lib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkPolicy } from '../check.ts';
import type { AddressRanges } from '../checked.ts';
import { findDatabase } from './find-database.ts';
import { readNetworks } from './networks.ts';
import { type Field, writeDatabase } from './testing/write-database.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-geo-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(bytes: Buffer, name = 'test.mmdb'): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const check = (sets: string) =>
  checkPolicy({ path: join(folder, 'policy.yaml'), text: `version: 1\ninterfaces: [eth0]\nsets:\n  ${sets}\n` });

const country = (code: string): Field => ({ country: { iso_code: code, geoname_id: 1 } });

const NETWORKS: readonly (readonly [string, Field])[] = [
  ['192.0.2.0/25', country('NL')],
  ['192.0.2.128/25', country('DE')],
  ['198.51.100.0/24', { registered_country: { iso_code: 'NL' } }],
  ['203.0.113.0/24', { country: { iso_code: 'US' }, registered_country: { iso_code: 'NL' } }],
  ['2001:db8::/33', country('NL')],
  ['2001:db8:8000::/33', { country_code: 'nl' }],
  ['2001:db9::/32', { country: 'NL', asn: 'AS64500' }],
  ['2001:dba::/32', { autonomous_system_number: 64501, autonomous_system_organization: 'Example' }],
];

const IN_NL = {
  v4: [0xc0000200, 0xc000027f, 0xc6336400, 0xc63364ff],
  // 2001:db8:: to the end of 2001:db9::/32
  v6: [0x2001_0db8_0000_0000n, 0n, 0x2001_0db9_ffff_ffffn, 0xffff_ffff_ffff_ffffn],
};

const plain = ({ v4, v6 }: AddressRanges) => ({ v4: [...v4], v6: [...v6] });

test.each([24, 28, 32] as const)('the networks of a country, in records of %i bits, once each', (recordSize) => {
  const path = write(writeDatabase(NETWORKS, { recordSize }));
  const result = readNetworks(path, { kind: 'country', codes: ['NL'] }, path);
  expect('ranges' in result && plain(result.ranges)).toEqual(IN_NL);
});

test('a database of IPv4 alone', () => {
  const path = write(writeDatabase(NETWORKS.slice(0, 4), { ipVersion: 4 }));
  const result = readNetworks(path, { kind: 'country', codes: ['DE', 'US'] }, path);
  expect('ranges' in result && plain(result.ranges).v4).toEqual([0xc0000280, 0xc00002ff, 0xcb007100, 0xcb0071ff]);
});

test('a policy has sets of countries and of AS numbers, as it likes to write them', () => {
  write(writeDatabase(NETWORKS));
  const { policy, problems } = check(
    'a: { country: nl, database: test.mmdb }\n  b: { asn: [64501, "AS64500"], database: test.mmdb }\n  c: ["@a", 10.0.0.0/8]',
  );
  expect(problems).toEqual([]);
  expect(plain(policy?.sets.get('a')?.ranges as AddressRanges)).toEqual(IN_NL);
  expect(policy?.sets.get('a')).toMatchObject({ file: join(folder, 'test.mmdb'), selection: { codes: ['NL'] } });
  expect([...(policy?.sets.get('b')?.ranges.v6 ?? [])].length).toBe(4);
});

test.each([
  ['{ country: [NL], database: none.mmdb }', 'policy/file-missing', 'none.mmdb'],
  ['{ country: [NL], database: policy.txt }', 'policy/bad-database', 'no database'],
  ['{ country: [NL], database: asn.mmdb }', 'policy/database-fields', 'no countries'],
  ['{ asn: 64500, database: country.mmdb }', 'policy/database-fields', 'no AS numbers'],
  ['{ country: [XX], database: country.mmdb }', 'policy/unknown-country', '"XX"'],
  ['{ asn: [4294967296], database: asn.mmdb }', 'policy/bad-asn', '4294967296'],
  ['{ asn: ["AS-1"], database: asn.mmdb }', 'policy/bad-asn', 'AS-1'],
])('%s is an error with a place', (set, code, words) => {
  write(Buffer.from('192.0.2.1\n'), 'policy.txt');
  write(writeDatabase([['192.0.2.0/24', { autonomous_system_number: 64500 }]]), 'asn.mmdb');
  write(writeDatabase([['192.0.2.0/24', country('NL')]]), 'country.mmdb');
  const { problems } = check(`a: ${set}`);
  expect(problems).toMatchObject([{ code, message: expect.stringContaining(words), place: { line: 4 } }]);
});

test.each([
  ['UK', 'GB'],
  ['Germany', 'DE'],
  ['Netherland', 'NL'],
])('%s is no code, and %s is meant', (written, meant) => {
  write(writeDatabase(NETWORKS));
  const [problem] = check(`a: { country: ["${written}"], database: test.mmdb }`).problems;
  expect(problem).toMatchObject({ code: 'policy/unknown-country', help: expect.stringContaining(`"${meant}"`) });
});

test('a country, or an AS number, without a network is a warning', () => {
  write(writeDatabase(NETWORKS));
  const { policy, problems } = check(
    'a: { country: [NL, FR], database: test.mmdb }\n  b: { asn: 1, database: test.mmdb }',
  );
  expect(policy).toBeDefined();
  expect(problems).toMatchObject([
    { code: 'policy/no-networks', severity: 'warning', message: 'the database has no network of FR' },
    { code: 'policy/no-networks', message: 'the database has no network of AS1' },
  ]);
});

test('no damage to a database crashes or hangs', () => {
  const whole = writeDatabase(NETWORKS);
  let refused = 0;
  for (let i = 0; i < 3000; i++) {
    const bytes = i % 3 === 0 ? Buffer.from(whole.subarray(0, (i * 7919) % whole.length)) : Buffer.from(whole);
    for (let k = 0; k < 3 && bytes.length > 0; k++)
      bytes[(i * 104_729 + k * 1_299_709) % bytes.length] = (i * 31 + k * 97) & 255;
    const path = write(bytes, 'damaged.mmdb');
    const result = readNetworks(path, { kind: 'country', codes: ['NL'] }, 'damaged.mmdb');
    if ('problems' in result) refused++;
  }
  expect(refused).toBeGreaterThan(1000);
});

test('a tree that leads back to itself ends as damaged', () => {
  const bytes = writeDatabase(NETWORKS);
  // Both sides of the first node are the first node.
  bytes.fill(0, 0, 6);
  const path = write(bytes);
  const result = readNetworks(path, { kind: 'country', codes: ['NL'] }, 'test.mmdb');
  expect(result).toMatchObject({
    problems: [{ code: 'policy/bad-database', message: expect.stringContaining('circles') }],
  });
});

test('fifty thousand networks of a country among half a million take less than a second', () => {
  const records = Array.from({ length: 250 }, (_, i) => country(`${String.fromCharCode(65 + (i % 26))}${i % 10}`));
  const many = function* (): Iterable<readonly [string, Field]> {
    // Every second /24, so that no two are neighbours.
    for (let i = 0; i < 500_000; i++) {
      const address = (0x10000000 + i * 512) >>> 0;
      const record = i % 10 === 0 ? country('NL') : (records[i % 250] as Field);
      yield [`${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.0/24`, record];
    }
  };
  const bytes = writeDatabase(many());
  const path = write(bytes, 'large.mmdb');
  const started = performance.now();
  const result = readNetworks(path, { kind: 'country', codes: ['NL'] }, path);
  const ms = performance.now() - started;
  if (!('ranges' in result)) throw new Error('refused');
  expect(result.ranges.v4.length / 2).toBe(50_000);
  expect(ms).toBeLessThan(1000);
  // The library, asked for addresses one by one, says the same.
  const reader = new Reader<never>(bytes);
  const members = new Set(result.ranges.v4);
  for (let i = 0; i < 5000; i++) {
    const address = (0x10000000 + ((i * 7_919_777) % 500_000) * 512) >>> 0;
    const text = `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.0`;
    const said = (reader.get(text) as { country?: { iso_code?: string } } | null)?.country?.iso_code === 'NL';
    expect(members.has(address)).toBe(said);
  }
});

test('a database is found where updaters put them, the best first', () => {
  const [a, b] = [join(folder, 'a'), join(folder, 'b')];
  for (const path of [a, b]) mkdirSync(path);
  expect(findDatabase('country', [a, b])).toBeUndefined();
  writeFileSync(join(a, 'GeoLite2-City.mmdb'), '');
  expect(findDatabase('country', [a, b])).toBe(join(a, 'GeoLite2-City.mmdb'));
  writeFileSync(join(b, 'GeoLite2-Country.mmdb'), '');
  expect(findDatabase('country', [a, b])).toBe(join(b, 'GeoLite2-Country.mmdb'));
  expect(findDatabase('asn', [a, b])).toBeUndefined();
});
