import * as z from 'zod/mini';
import {
  DURATION,
  DURATION_PATTERN,
  type Duration,
  oneOrMore,
  optional,
  RANGE_PATTERN,
  type RangeText,
  required,
  SET_PATTERN,
  type SetReference,
  text,
} from './grammar.ts';

const SET =
  'a list of addresses, { file: path }, { url: https://… }, { country: [NL] }, { asn: [64500] }, { addresses: […] }, { dynamic: true } or { ports: [80, "8000-8100"] }';
const MEMORY = 'a size like "512KiB", "64MiB" or "0.5GiB"';
const SHARE = 'a share like "50%"';
const COUNTRY = 'a country like NL, or a list of countries';
const ASN = 'an AS number like 64500, or a list of them';
const ADDRESS = 'an address, a prefix, a range, or another set like "@other"';
const PORT = 'a port, a range like "8000-8100", or another set of ports like "@web"';

type Size = `${number}${'KiB' | 'MiB' | 'GiB'}`;
const SIZE_PATTERN = String.raw`^\s*\d+(\.\d+)?\s*(KiB|MiB|GiB)\s*$`;

const addresses = z.array(text<string>(ADDRESS, { minLength: 2 }), { error: SET });

/** What a set keeps of its members, and how much memory it may take. */
const keeping = {
  counters: optional(
    z.boolean({ error: 'true or false' }),
    'Count the packets and bytes of each member: of those that are looked up and found, the longest prefix that holds the address. `sluice sets NAME` shows them.',
    { default: false, examples: [true] },
  ),
  ttl: optional(
    text<Duration>(DURATION, { pattern: DURATION_PATTERN }),
    'How long a member is found after its file has last said so; of a list, after the policy has been put in force. The kernel forgets it by itself.',
    { examples: ['1h'] },
  ),
  memory: optional(
    text<Size>(MEMORY, { pattern: SIZE_PATTERN }),
    'What the set may take in the kernel, for each family of addresses: from 4KiB to 512MiB, of which the largest power of two is used. A content that takes more is refused, and the one before stays in force. Left out, the set grows with its file up to 512MiB; a set with counters or a time to live has twice what its first members take or more, 1MiB at least.',
    { examples: ['64MiB'] },
  ),
};

const DYNAMIC =
  'Takes members while the policy is in force: `sluice sets add` and `sluice sets remove` change it in microseconds, and what they have added stays through new versions of the policy and of the file. A member that is added without a time to live of its own has that of the set, and without one stays until it is removed.';

const takesMembers = {
  dynamic: optional(z.boolean({ error: 'true or false' }), DYNAMIC, { default: false, examples: [true] }),
};

const list = z.strictObject(
  {
    addresses: required(addresses, 'Addresses, prefixes, ranges and other sets, as in a set that is a list.', {
      examples: [['203.0.113.0/24']],
    }),
    ...keeping,
    ...takesMembers,
  },
  { error: SET },
);

/** With no members but those that are added to it. */
const empty = z.strictObject(
  { dynamic: required(z.literal(true, { error: 'true' }), DYNAMIC, { examples: [true] }), ...keeping },
  { error: SET },
);

const file = z.strictObject(
  {
    file: required(
      z.string({ error: 'the path of a file' }),
      'A file with an address, prefix or range a line; `#`, `;` or `//` begins a comment. The path begins at the policy file. The file is watched while the policy is in force.',
      { minLength: 1, examples: ['blocked.txt'] },
    ),
    ...keeping,
    ...takesMembers,
  },
  { error: SET },
);

const feed = z.strictObject(
  {
    url: required(
      z.string({ error: 'a URL' }),
      'A list on the network, http or https, which is fetched and kept on disk ([sets.md](sets.md)). `sluice up` fetches it; everything else reads the last good copy.',
      { minLength: 1, examples: ['https://lists.example/drop.txt'] },
    ),
    every: optional(
      text<Duration>(DURATION, { pattern: DURATION_PATTERN }),
      'How often it is fetched, from 10s to 30d.',
      { default: '1h', examples: ['6h'] },
    ),
    shrink: optional(
      text<`${number}%`>(SHARE, { pattern: String.raw`^\s*\d{1,3}\s*%\s*$` }),
      'A content that lacks more than this share of the members before is held back until `sluice feeds accept NAME`. With `100%`, everything is taken, an empty list too.',
      { default: '50%', examples: ['20%'] },
    ),
    maxSize: optional(
      text<Size>(MEMORY, { pattern: SIZE_PATTERN }),
      'The largest list that is taken, after decompression: from 1KiB to 256MiB.',
      { default: '16MiB', examples: ['64MiB'] },
    ),
    format: optional(
      z.enum(['lines', 'csv'], { error: 'lines or csv' }),
      'What the list looks like. `lines`: an address, prefix or range a line; `#`, `;` or `//` begins a comment. `csv`: the same in the first column.',
      { default: 'lines', examples: ['csv'] },
    ),
    ...keeping,
    ...takesMembers,
  },
  { error: SET },
);

const database = optional(
  z.string({ error: 'the path of a database' }),
  'A database in the format of MaxMind (.mmdb). The path begins at the policy file; left out, the database is looked for in /var/lib/GeoIP, /usr/share/GeoIP and /usr/local/share/GeoIP. It is watched while the policy is in force.',
  { minLength: 1, examples: ['GeoLite2-Country.mmdb'] },
);

const country = z.strictObject(
  {
    country: required(
      oneOrMore(text<string>(COUNTRY, { pattern: String.raw`^\s*[A-Za-z]{2}\s*$` }), COUNTRY),
      'The networks of these countries, ISO 3166-1 codes of two letters: where a network is used, or else where it is registered.',
      { examples: [['NL', 'DE']] },
    ),
    database,
    ...keeping,
    ...takesMembers,
  },
  { error: SET },
);

const asn = z.strictObject(
  {
    asn: required(
      oneOrMore(
        z.union([z.int({ error: ASN }), text<`AS${number}`>(ASN, { pattern: String.raw`^\s*(AS)?\s*\d{1,10}\s*$` })], {
          error: ASN,
        }),
        ASN,
      ),
      'The networks that these autonomous systems announce.',
      { examples: [[64500, 64501]] },
    ),
    database,
    ...keeping,
    ...takesMembers,
  },
  { error: SET },
);

const portText = text<RangeText | SetReference>(PORT, {
  pattern: String.raw`^\s*(${RANGE_PATTERN}|${SET_PATTERN})\s*$`,
});

const ports = z.strictObject(
  {
    ports: required(
      z.array(z.union([z.int({ error: PORT }), portText], { error: PORT }), { error: 'a list of ports' }),
      'Ports, ranges of ports and other sets of ports.',
      { examples: [[80, 443, '8000-8100']] },
    ),
  },
  { error: SET },
);

export const set = z.union([addresses, file, feed, country, asn, list, empty, ports], { error: SET });
