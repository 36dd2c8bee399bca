import * as z from 'zod/mini';
import { ACTION_NAMES } from '../check/actions.ts';
import { optional, text } from './grammar.ts';

type RateText = `${number}/${'s' | 'm' | 'h'}`;

const RATE = 'a rate like "10/s", "30/m" or "100/h"';
const LOG = `${RATE}, or a mapping like { rate: "10/s", burst: 20 }`;
const MARK = 'a number from 0 to 4294967295, or hex like "0x10"';
const ACTION = `${ACTION_NAMES.join(', ')}, { log: "10/s" } or { mark: 7 }`;

const rate = text<RateText>(RATE, { pattern: String.raw`^\s*[1-9]\d*\s*/\s*[smh]\s*$` });

const log = z.strictObject(
  {
    rate: optional(rate, 'Events in a second, a minute or an hour, at most.', { default: '10/s', examples: ['30/m'] }),
    burst: optional(
      z.int({ error: 'a number of events' }).check(z.minimum(1), z.maximum(1_000_000)),
      'Events that may come at once.',
      { default: 10, examples: [20] },
    ),
  },
  { error: LOG },
);

const markText = text<`0x${string}` | `${number}`>(MARK, { pattern: String.raw`^(0[xX][0-9a-fA-F]{1,8}|\d{1,10})$` });

const actionWithOptions = z.strictObject(
  {
    log: optional(z.union([rate, log], { error: LOG }), 'Report the packet, and go on with the next rule.', {
      examples: ['10/s', { rate: '30/m', burst: 5 }],
    }),
    mark: optional(
      z.union([z.int({ error: MARK }), markText], { error: MARK }),
      'Set the mark of the packet (32 bits: skb->mark, the fwmark of ip-rule(8)), and go on with the next rule.',
      { examples: [7, '0x10'] },
    ),
  },
  { error: ACTION },
);

export const action = z.union(
  [text<(typeof ACTION_NAMES)[number]>(ACTION, { enum: ACTION_NAMES }), actionWithOptions],
  { error: ACTION },
);
