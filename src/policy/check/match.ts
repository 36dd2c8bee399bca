import type { CheckedMatch } from '../checked.ts';
import type { Path } from '../parse/document.ts';
import { checkAddresses } from './addresses.ts';
import { reportContradiction } from './contradictions.ts';
import { DSCP } from './dscp.ts';
import { checkFilter } from './filter.ts';
import { checkIcmpCode, checkIcmpType } from './icmp.ts';
import { checkInterface } from './interfaces.ts';
import { checkNumbers, LENGTH, type NumberField, type NumberInput, PORT, TTL, VLAN } from './numbers.ts';
import { checkPayload } from './payload.ts';
import {
  checkProtocol,
  NEEDS_ICMP,
  NEEDS_PORTS,
  NEEDS_TCP,
  narrowProtocol,
  type ProtocolChoice,
  type ProtocolNeed,
} from './protocols.ts';
import type { RuleInput } from './rules.ts';
import type { Scope } from './scope.ts';
import { checkTcpFlags } from './tcp-flags.ts';
import { checkWhen, type WhenInput } from './when.ts';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const NEEDS: readonly (readonly [keyof RuleInput & keyof CheckedMatch, ProtocolNeed])[] = [
  ['port', NEEDS_PORTS],
  ['fromPort', NEEDS_PORTS],
  ['tcpFlags', NEEDS_TCP],
  ['icmpType', NEEDS_ICMP],
  ['icmpCode', NEEDS_ICMP],
];

/** Everything that a rule asks of a packet, or undefined when some of it is wrong, which has been reported. */
export function checkMatch(input: RuleInput, path: Path, scope: Scope): CheckedMatch | undefined {
  const { report } = scope;
  const match: Mutable<CheckedMatch> = {};
  let complete = true;

  /** Checks the value of one key if the rule has it, and puts the result into the match. */
  function take<K extends keyof CheckedMatch & keyof RuleInput>(
    key: K,
    check: (value: NonNullable<RuleInput[K]>, path: Path) => CheckedMatch[K] | undefined,
  ): void {
    const value = input[key];
    if (value === undefined) return;
    const checked = check(value as NonNullable<RuleInput[K]>, [...path, key]);
    if (checked === undefined) complete = false;
    else match[key] = checked;
  }
  const takeNumbers = (key: 'port' | 'fromPort' | 'length' | 'ttl' | 'dscp' | 'vlan', field: NumberField) =>
    take(key, (value, at) => checkNumbers(value as NumberInput, at, field, scope));

  const protocol = protocolOf(input, path, scope);
  if (protocol === 'wrong') complete = false;
  takeNumbers('port', PORT);
  takeNumbers('fromPort', PORT);
  takeNumbers('length', LENGTH);
  takeNumbers('ttl', TTL);
  takeNumbers('dscp', DSCP);
  takeNumbers('vlan', VLAN);
  take('from', (value, at) => checkAddresses(value as string | string[], at, scope));
  take('to', (value, at) => checkAddresses(value as string | string[], at, scope));
  take('tcpFlags', (value, at) => checkTcpFlags(value as string | string[], at, report));
  take('interface', (value, at) => checkInterface(value as string | string[], at, scope));
  take('payload', (value, at) => checkPayload(value, at, report));
  take('filter', (value, at) => checkFilter(value, at, scope));
  take('when', (value, at) => checkWhen(value as WhenInput, at, report));
  take('fragment', (value) => (value === true ? 'any' : value === false ? 'none' : value));

  if (protocol !== undefined && protocol !== 'wrong') {
    take('icmpType', (value, at) => checkIcmpType(value as NumberInput, at, protocol, report));
    if (input.icmpCode !== undefined && (input.icmpType === undefined || match.icmpType)) {
      const checked = checkIcmpCode(
        input.icmpCode as NumberInput,
        [...path, 'icmpCode'],
        protocol,
        match.icmpType,
        report,
      );
      if (!checked) complete = false;
      else {
        match.icmpCode = checked.codes;
        if (checked.types) match.icmpType = checked.types;
      }
    }
    match.protocol = withoutDeadFamilies(protocol.match, match);
  }
  if (!complete) return undefined;
  return reportContradiction(match, path, report) ? undefined : match;
}

/** The protocol that the rule names and its other matches imply; `undefined`: any. */
function protocolOf(input: RuleInput, path: Path, { report }: Scope): ProtocolChoice | 'wrong' | undefined {
  let choice: ProtocolChoice | undefined;
  if (input.protocol !== undefined) {
    choice = checkProtocol(input.protocol as NumberInput, [...path, 'protocol'], report);
    if (!choice) return 'wrong';
  }
  for (const [key, need] of NEEDS) {
    if (input[key] === undefined) continue;
    choice = narrowProtocol(choice, need, [...path, key], report);
    if (!choice) return 'wrong';
  }
  return choice;
}

/** A type that only one family has leaves nothing of the other. */
function withoutDeadFamilies(
  protocol: NonNullable<CheckedMatch['protocol']>,
  { icmpType, icmpCode }: CheckedMatch,
): NonNullable<CheckedMatch['protocol']> {
  const dead = (family: 'v4' | 'v6') => icmpType?.[family].length === 0 || icmpCode?.[family].length === 0;
  return { ...protocol, v4: dead('v4') ? [] : protocol.v4, v6: dead('v6') ? [] : protocol.v6 };
}
