import { didYouMean } from '../../diagnostics/suggest.ts';
import { formatAddress } from '../../packet/address.ts';
import type { AddressMatch, AddressOperand, AddressRanges } from '../checked.ts';
import type { Path } from '../parse/document.ts';
import { createAddressRangesBuilder, isEmptyRanges } from './address-ranges.ts';
import { type AddressError, type AddressRange, createAddressRange, readAddressRange } from './address-text.ts';
import { quote } from './numbers.ts';
import { operands } from './operands.ts';
import { type Scope, type SetScope, setNames } from './scope.ts';

/** What `from` and `to` accept: sets by name, literals merged. Undefined when one is wrong, which is reported. */
export function checkAddresses(value: string | readonly string[], path: Path, scope: Scope): AddressMatch | undefined {
  const list = operands(value, path, scope.report);
  const sides = { any: createSide(), none: createSide() };
  const range = createAddressRange();
  let wrong = list.length === 0;
  for (const operand of list) {
    const side = operand.negated ? sides.none : sides.any;
    if (operand.value.startsWith('@')) {
      const name = operand.value.slice(1);
      if (checkAddressSet(name, operand.path, scope)) for (const set of parts(name, scope)) side.sets.add(set);
      else wrong = true;
    } else if (checkAddressText(operand.value, operand.path, range, scope)) side.literals.add(range);
    else wrong = true;
  }
  return wrong ? undefined : { any: sideOperands(sides.any), none: sideOperands(sides.none) };
}

/**
 * The sets that hold what `@name` holds: itself, and the sets with a file or with records that it includes. Those are
 * operands of their own, so that a new content of the file needs nothing else to change, and members count there.
 */
function parts(name: string, { addressSets, fileSets }: Scope): readonly string[] {
  const set = addressSets.get(name);
  const files = [...(fileSets.get(name) ?? [])];
  return set && (files.length === 0 || !isEmptyRanges(set.ranges)) ? [name, ...files] : files;
}

function createSide() {
  return { sets: new Set<string>(), literals: createAddressRangesBuilder() };
}

function sideOperands({ sets, literals }: ReturnType<typeof createSide>): AddressOperand[] {
  const ranges: AddressRanges = literals.build();
  const named = [...sets].map((set) => ({ kind: 'set' as const, set }));
  return isEmptyRanges(ranges) ? named : [...named, { kind: 'ranges', ranges }];
}

/** Whether `name` is a set of addresses; if not, that is reported. */
export function checkAddressSet(name: string, path: Path, scope: SetScope): boolean {
  if (scope.addressSets.has(name)) return true;
  if (scope.brokenSets.has(name)) return false;
  if (scope.portSets.has(name)) {
    scope.report.error('policy/set-kind', path, `set "@${name}" holds ports, and addresses are wanted here`);
  } else {
    const help = didYouMean(name, setNames(scope), '@');
    scope.report.error('policy/unknown-set', path, `unknown set "@${name}"`, { help });
  }
  return false;
}

/** Reads a literal into `range`; false when it is wrong, which is reported. */
export function checkAddressText(text: string, path: Path, range: AddressRange, scope: Pick<Scope, 'report'>): boolean {
  const error = readAddressRange(text, 0, text.length, range);
  if (!error) return true;
  const { message, help } = explainAddress(error, text, range);
  scope.report.error(error === 'host-bits' ? 'policy/host-bits' : 'policy/bad-address', path, message, { help });
  return false;
}

/** What is wrong with an address and what to write instead. `range` is what `readAddressRange` left. */
export function explainAddress(
  error: AddressError,
  text: string,
  range: AddressRange,
): { message: string; help: string } {
  const [address = '', length = ''] = text.split('/');
  switch (error) {
    case 'leading-zero':
      return {
        message: `${quote(text)} has a number with a leading zero, which some programs read as octal`,
        help: 'write each number in decimal, without zeros in front',
      };
    case 'zone':
      return {
        message: `${quote(text)} has a zone, and a packet does not carry one`,
        help: 'leave out the part from % on; match "interface" to tell links apart',
      };
    case 'prefix-length':
      return {
        message: `${quote(length)} is not a prefix length`,
        help: `write a number from 0 to ${range.family === 4 ? 32 : 128} behind the slash`,
      };
    case 'host-bits':
      return {
        message: `the prefix ${quote(text)} has bits set behind its length`,
        help: `write "${formatWords(range.family, range.lo)}/${length}", or "${address}" for this one address`,
      };
    case 'mixed-families':
      return {
        message: `the range ${quote(text)} begins in one IP family and ends in the other`,
        help: 'write a range for each family',
      };
    case 'reversed': {
      const [first = '', last = ''] = text.split('-');
      return {
        message: `the range ${quote(text)} begins above its end`,
        help: `write "${last.trim()}-${first.trim()}"`,
      };
    }
    case 'syntax':
      return {
        message: `${quote(text)} is not an IP address, prefix or range`,
        help: 'write an address ("192.0.2.1", "2001:db8::1"), a prefix ("192.0.2.0/24"), a range ("192.0.2.1-192.0.2.9"), a set ("@name"), "!" and one of them, or a list',
      };
  }
}

function formatWords(family: 4 | 6, words: Uint32Array): string {
  const half = (at: number) => (BigInt(words[at] ?? 0) << 32n) | BigInt(words[at + 1] ?? 0);
  return formatAddress({ family, hi: half(0), lo: half(2) });
}
