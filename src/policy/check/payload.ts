import type { PayloadMatch } from '../checked.ts';
import type { Path } from '../parse/document.ts';
import { quote } from './numbers.ts';
import type { Report } from './report.ts';

export interface PayloadInput {
  readonly at?: PayloadMatch['base'] | undefined;
  readonly offset?: number | undefined;
  readonly bytes?: string | undefined;
  readonly text?: string | undefined;
  readonly mask?: string | undefined;
}

const MAX_BYTES = 64;

/** The bytes wanted, from hex or text, with a mask of the same length. Undefined when wrong, which is reported. */
export function checkPayload(input: PayloadInput, path: Path, report: Report): PayloadMatch | undefined {
  const { at = 'payload', offset = 0, bytes: hex, text } = input;
  if ((hex === undefined) === (text === undefined)) {
    const message =
      hex === undefined
        ? 'a payload match needs "bytes" or "text"'
        : 'a payload match takes "bytes" or "text", not both';
    report.error('policy/bad-payload', path, message, { help: 'write { bytes: "47 45 54" } or { text: "GET " }' });
    return undefined;
  }
  const key = hex === undefined ? 'text' : 'bytes';
  const bytes = hex === undefined ? new TextEncoder().encode(text) : readHex(hex, [...path, 'bytes'], report);
  if (!bytes) return undefined;
  if (bytes.length === 0 || bytes.length > MAX_BYTES) {
    report.error(
      'policy/bad-payload',
      [...path, key],
      `"${key}" has ${count(bytes)}: it has to have 1 to ${MAX_BYTES}`,
    );
    return undefined;
  }
  const mask = input.mask === undefined ? bytes.map(() => 0xff) : readHex(input.mask, [...path, 'mask'], report);
  if (!mask) return undefined;
  if (mask.length !== bytes.length) {
    const message = `"mask" has ${count(mask)} and "${key}" has ${count(bytes)}: they have to be of one length`;
    report.error('policy/bad-payload', [...path, 'mask'], message);
    return undefined;
  }
  return { base: at, offset, bytes, mask };
}

function count({ length }: Uint8Array): string {
  return length === 1 ? '1 byte' : `${length} bytes`;
}

/** Hex digits in pairs; spaces and colons between pairs and one 0x in front are taken. */
function readHex(text: string, path: Path, report: Report): Uint8Array | undefined {
  const [, pairs] = /^\s*(?:0x)?((?:[0-9a-f]{2}[\s:]*)*)$/i.exec(text) ?? [];
  if (pairs !== undefined)
    return Uint8Array.from(pairs.match(/[0-9a-f]{2}/gi) ?? [], (pair) => Number.parseInt(pair, 16));
  report.error('policy/bad-payload', path, `${quote(text)} is not bytes in hex`, {
    help: 'write two hex digits a byte: "47 45 54"; for plain text use "text"',
  });
  return undefined;
}
