export type { Example } from './packets/made-packet.ts';
export { type RehearseInput, rehearse } from './rehearse.ts';
export type { RehearsalReport, RuleFinding, VerdictChange } from './report.ts';
