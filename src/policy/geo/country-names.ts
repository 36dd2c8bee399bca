import { didYouMean } from '../../diagnostics/suggest.ts';

/** Whether this is a code of ISO 3166-1, in capitals. */
export function isCountry(code: string): boolean {
  return nameOf(code) !== undefined && canonical(code) === code;
}

/** What may have been meant by what is no code: a name, or another code (`UK`). */
export function suggestCountry(text: string): string | undefined {
  const word = text.toUpperCase();
  const other = /^[A-Z]{2}$/.test(word) ? canonical(word) : undefined;
  if (other !== undefined && other !== word) return `did you mean "${other}"?`;
  const codes = new Map(allCodes().map((code) => [String(nameOf(code)), code]));
  const meant = /^did you mean "(.*)"\?$/.exec(didYouMean(text, codes.keys()) ?? '')?.[1];
  return meant === undefined ? undefined : `did you mean "${codes.get(meant)}" (${meant})?`;
}

let names: Intl.DisplayNames | undefined;

/** Undefined where there is no such country. Made when first asked: it takes longer than a check without countries. */
function nameOf(code: string): string | undefined {
  if (!/^[A-Z]{2}$/.test(code)) return undefined;
  names ??= new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' });
  return names.of(code);
}

const canonical = (code: string): string | undefined => new Intl.Locale(`und-${code}`).region;

function allCodes(): string[] {
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
  return letters.flatMap((a) => letters.map((b) => a + b)).filter(isCountry);
}
