import * as z from 'zod/mini';
import { DURATION, DURATION_PATTERN, type Duration, optional, text } from './grammar.ts';

/** How long a connection lives without a packet, by what it has come to. The keys are the data plane's phases. */
export const TIMEOUTS = {
  unreplied: ['30s', 'UDP, and no packet has come back.'],
  replied: ['3m', 'UDP, packets both ways.'],
  echo: ['30s', 'ICMP echo.'],
  other: ['10m', 'Protocols without ports.'],
  synSent: ['1m', 'TCP: a SYN and no answer.'],
  synReceived: ['1m', 'TCP: the SYN was answered, and the handshake is not finished.'],
  established: ['1d', 'TCP, after the handshake.'],
  halfClosed: ['10m', 'TCP: one side has sent its FIN.'],
  closing: ['1m', 'TCP: both sides have.'],
  timeWait: ['1m', 'TCP: both FINs are acknowledged.'],
  reset: ['10s', 'TCP, after a reset.'],
  killed: ['2m', 'Killed by `sluice connections kill`: its packets are dropped until none has come for so long.'],
} as const satisfies Record<string, readonly [Duration, string]>;

const timeout = (key: keyof typeof TIMEOUTS) =>
  optional(text<Duration>(DURATION, { pattern: DURATION_PATTERN }), TIMEOUTS[key][1], {
    default: TIMEOUTS[key][0],
    examples: [TIMEOUTS[key][0]],
  });

const timeouts = z.strictObject(
  {
    unreplied: timeout('unreplied'),
    replied: timeout('replied'),
    echo: timeout('echo'),
    other: timeout('other'),
    synSent: timeout('synSent'),
    synReceived: timeout('synReceived'),
    established: timeout('established'),
    halfClosed: timeout('halfClosed'),
    closing: timeout('closing'),
    timeWait: timeout('timeWait'),
    reset: timeout('reset'),
    killed: timeout('killed'),
  },
  { error: 'a mapping of timeouts like { established: 12h }' },
);

export const [FEWEST, MOST] = [16, 8_388_608];
const COUNT = `a number of connections, ${FEWEST} to ${MOST}`;
const count = () => z.number({ error: COUNT }).check(z.int(), z.minimum(FEWEST), z.maximum(MOST));
export const [DEFAULT_SIZE, DEFAULT_UNPROVEN] = [131_072, 16_384];

export const connections = z.strictObject(
  {
    size: optional(count(), 'How many connections there may be: 180 bytes of kernel memory each, taken at once.', {
      default: DEFAULT_SIZE,
      examples: [DEFAULT_SIZE],
    }),
    unproven: optional(
      count(),
      'How many connections there may be besides that strangers have begun and not yet finished the handshake of. A flood fills this table, and no other.',
      { default: DEFAULT_UNPROVEN, examples: [DEFAULT_UNPROVEN] },
    ),
    full: optional(
      z.enum(['evict', 'refuse'], { error: 'evict or refuse' }),
      'What happens where there is no room: the oldest connection goes that has proved nothing, or the packet is dropped. An established one never goes.',
      { default: 'evict', examples: ['refuse'] },
    ),
    keepEstablished: optional(
      z.boolean({ error: 'true or false' }),
      'Connections that an earlier version of the policy has allowed go on. Otherwise each is judged again at its next packet, and cut where the policy now forbids it.',
      { default: false, examples: [true] },
    ),
    asymmetric: optional(
      z.boolean({ error: 'true or false' }),
      'The packets of one direction may take another way than by this host: no packet is taken for invalid, and no sequence number is checked.',
      { default: false, examples: [true] },
    ),
    timeouts: optional(timeouts, 'How long a connection lives without a packet.', {
      default: {},
      examples: [{ established: '12h' }],
    }),
  },
  { error: 'a mapping like { size: 131072 }, or {} for all that is usual' },
);
