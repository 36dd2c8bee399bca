import * as z from 'zod/mini';
import { RANGE_PATTERN, type RangeText, required, SET_PATTERN, type SetReference, text } from './grammar.ts';

const SET = 'a list of addresses, { file: path } or { ports: [80, "8000-8100"] }';
const ADDRESS = 'an address, a prefix, a range, or another set like "@other"';
const PORT = 'a port, a range like "8000-8100", or another set of ports like "@web"';

const addresses = z.array(text<string>(ADDRESS, { minLength: 2 }), { error: SET });

const file = z.strictObject(
  {
    file: required(
      z.string({ error: 'the path of a file' }),
      'A file with an address, prefix or range a line; `#` begins a comment. The path begins at the policy file. The file is watched while the policy is in force.',
      { minLength: 1, examples: ['blocked.txt'] },
    ),
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

export const set = z.union([addresses, file, ports], { error: SET });
