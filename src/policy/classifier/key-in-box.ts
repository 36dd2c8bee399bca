import { Trait } from '../../generated/abi.ts';
import type { Random } from '../random.ts';
import { addressWords, bitsShift, type Family } from './boxes.ts';
import type { Box, Prefix } from './rule-boxes.ts';
import type { Key } from './walk.ts';

/** A packet of the box by chance, every one as likely as another. */
export function keyInBox({ src, dst, portsLo, portsHi, bits }: Box, random: Random): Key {
  const port = (shift: number): number => {
    const [lo, hi] = [(portsLo >>> shift) & 0xffff, (portsHi >>> shift) & 0xffff];
    return lo + random(hi - lo + 1);
  };
  const header = ((bits.value & bits.mask) | (anyWord(random) & ~bits.mask)) >>> 0;
  return [...wordsIn(src, random), ...wordsIn(dst, random), ((port(16) << 16) | port(0)) >>> 0, header];
}

const anyWord = (random: Random): number => random(2 ** 32);

const wordsIn = ({ words, masks }: Prefix, random: Random): number[] =>
  words.map((word, i) => (word | (anyWord(random) & ~(masks[i] as number))) >>> 0);

/** A packet of TCP or UDP with any addresses and ports. */
export function anyKey(family: Family, random: Random): Key {
  const [protocol, traits] = random(2) === 0 ? [TCP, Trait.PORTS | Trait.TCP] : [UDP, Trait.PORTS];
  const addresses = Array.from({ length: 2 * addressWords[family] }, () => anyWord(random));
  const header = ((protocol << bitsShift.protocol) | (traits << bitsShift.traits)) >>> 0;
  return [...addresses, anyWord(random), header];
}

const [TCP, UDP] = [6, 17];
