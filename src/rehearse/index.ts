export { comparePolicies, isSame } from './compare/compare-policies.ts';
export type { FieldChange, PolicyDiff, RuleChange, SetChange } from './compare/policy-diff.ts';
export type { Example } from './packets/made-packet.ts';
export { type RehearseInput, rehearse } from './rehearse.ts';
export type { RehearsalReport, RuleFinding, VerdictChange } from './report.ts';
