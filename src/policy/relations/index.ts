/** What rules are to one another: which get no packet, and because of which. */

export { type Overlap, type Overlaps, overlappingRules } from './overlaps.ts';
export { type Taken, type TakenRule, takenRules } from './taken.ts';
export { type RelationKind, rulesWithoutPackets, warnOfRelations } from './warn.ts';
