import type { Difference } from '../datapath/index.ts';
import { describePacket } from '../packet/describe.ts';
import type { DifferenceOnWire } from './schemas.ts';

/** A new policy for an old one may change as many verdicts as it has rules. */
export const MOST_FINDINGS = 50;

/** As it is sent and shown: of many the first. */
export const differencesOnWire = (differences: readonly Difference[]): DifferenceOnWire[] =>
  differences.slice(0, MOST_FINDINGS).map(differenceOnWire);

function differenceOnWire({ direction, enforced, observed, packets, bytes, example }: Difference): DifferenceOnWire {
  return {
    direction,
    enforced: decisionOnWire(enforced),
    observed: decisionOnWire(observed),
    packets: Number(packets),
    bytes: Number(bytes),
    example: describePacket(example),
  };
}

const decisionOnWire = ({ name, line, verdict }: Difference['enforced']): DifferenceOnWire['enforced'] => ({
  name,
  ...(line !== undefined && { line }),
  verdict,
});
