import * as z from 'zod/mini';
import { optional, text } from './grammar.ts';

const HEX = 'bytes in hex, like "47 45 54"';
const hex = () => text<string>(HEX, { pattern: String.raw`^\s*(0[xX])?([0-9a-fA-F]{2}[\s:]*)+$` });

export const payload = z.strictObject(
  {
    at: optional(
      z.enum(['payload', 'transport', 'network', 'frame'], { error: 'payload, transport, network or frame' }),
      'Where `offset` counts from: the first byte behind the transport header, of the transport header, of the IP header, or of the frame.',
      { default: 'payload', examples: ['transport'] },
    ),
    offset: optional(
      z.int({ error: 'a number of bytes' }).check(z.minimum(0), z.maximum(2047)),
      'Bytes from there to the first one that is compared.',
      { default: 0, examples: [12] },
    ),
    bytes: optional(hex(), 'The bytes that must be there, in hex: 1 to 64.', { examples: ['47 45 54 20'] }),
    text: optional(z.string({ error: 'text' }), 'The bytes as text (UTF-8), in place of `bytes`.', {
      examples: ['GET '],
    }),
    mask: optional(hex(), 'Which bits are compared, as long as the bytes. All of them where it is left out.', {
      examples: ['ff ff ff df'],
    }),
  },
  { error: 'a mapping like { at: payload, bytes: "47 45 54" }' },
);
