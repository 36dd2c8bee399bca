/** Errors and warnings of sets that come from elsewhere: feeds (src/feeds) and databases of networks (src/policy/geo). */
export const setErrors = {
  'policy/bad-url': {
    meaning: 'The address of a feed is none that can be fetched.',
    help: 'Write it like `url: https://lists.example/drop.txt`.',
  },
  'policy/bad-share': {
    meaning: 'The share of members that a feed may lose is not a whole number of percent from 0 to 100.',
    help: 'Write it like "50%".',
  },
  'policy/feed-not-fetched': {
    meaning: 'Warning: there is no copy of a feed on this machine yet, so its set is empty.',
    help: '`sluice feeds refresh --policy FILE` fetches it now; while the policy is in force, that happens by itself.',
  },
  'policy/feed-damaged': {
    meaning: 'The copy of a feed on disk is not as it was written: it was changed, or the disk is damaged.',
    help: '`sluice feeds refresh --policy FILE` fetches the feed anew. Put addresses of your own into a set of your own.',
  },
  'policy/no-database': {
    meaning: 'A set of countries or AS numbers names no database, and none is where databases usually are.',
    help: 'Name one: `{ country: [NL], database: GeoLite2-Country.mmdb }`.',
  },
  'policy/bad-database': {
    meaning: 'A file is no database in the format of MaxMind, or it is damaged.',
    help: 'Get the .mmdb file anew, unpacked; a set in force keeps its old content until then.',
  },
  'policy/database-fields': {
    meaning: 'A database has no record with what a set asks for: AS numbers in a database of countries, say.',
    help: 'Take the database for it: GeoLite2-Country or -City for `country`, GeoLite2-ASN for `asn`.',
  },
  'policy/unknown-country': {
    meaning: 'There is no country of this code.',
    help: 'Countries are written as ISO 3166-1 codes of two letters, like NL.',
  },
  'policy/bad-asn': {
    meaning: 'A value is no AS number: a number from 0 to 4294967295.',
    help: 'Write it like 64500 or "AS64500".',
  },
  'policy/no-networks': {
    meaning: 'Warning: a database has no network of a country or of an AS number.',
    help: 'See whether it is the right database and the right number; take it out if it is.',
  },
  'feed/unreachable': {
    meaning: 'The server of a feed was not reached, or broke off. The last good copy stays in force.',
    help: 'Try the address with `curl -v`. It is tried again by itself, ever more rarely, once an hour at least.',
  },
  'feed/timeout': {
    meaning: 'The server of a feed took too long to answer. The last good copy stays in force.',
    help: 'It is tried again by itself, ever more rarely, once an hour at least.',
  },
  'feed/refused': {
    meaning:
      'The server of a feed answered with an error, or sent elsewhere too often. The last good copy stays in force.',
    help: 'Open the address in a browser: the list may have moved, or may want an account.',
  },
  'feed/too-large': {
    meaning: 'A feed is larger than its `maxSize`, perhaps only when decompressed. The last good copy stays in force.',
    help: 'Raise `maxSize` of the set, up to 256MiB, if the list is meant to be so long.',
  },
  'feed/not-a-list': {
    meaning:
      'What a feed sent is no list of addresses: a web page, or another format. The last good copy stays in force.',
    help: 'See what the address answers; `format: csv` takes the first column of a table.',
  },
  'feed/bad-lines': {
    meaning: 'Warning: some lines of a feed are no addresses, and were left out.',
    help: 'Nothing has to be done; who keeps the list may want to know.',
  },
  'feed/held-back': {
    meaning:
      'What a feed sent lost more members than `shrink` allows, is empty, or holds half of the internet: it waits for a yes.',
    help: '`sluice feeds` shows it; `sluice feeds accept NAME` lets it through, and so does the next good content.',
  },
  'feed/nothing-held': {
    meaning: 'No content of a feed is held back, so there is nothing to accept.',
    help: '`sluice feeds` shows the state of each feed.',
  },
  'feed/not-written': {
    meaning: 'The copy of a feed could not be written. What was there before stays.',
    help: 'Run as root, and mend the file system that the message names; $SLUICE_FEEDS names another folder.',
  },
} as const;
