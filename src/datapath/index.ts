/** Generations: built, rehearsed, put in force, found again, taken down. */
export {
  endFoundTrial,
  type FoundEnforcement,
  finishTakeDown,
  readEnforcement,
  readSituation,
  type Situation,
  takeDown,
} from './adopt.ts';
export { type ConnectionFilter, compileConnectionFilter } from './connection-filter.ts';
export type { LiveConnection } from './connection-record.ts';
export { type ConnectionsUse, mayBeNearlyFull, nearlyFull, readUse, type TableUse } from './connection-use.ts';
export type { RuleCounter } from './counters.ts';
export { type MemberListing, type NewMember, setNotDynamic } from './dynamic-sets.ts';
export { enforce } from './enforce.ts';
export type { ApplyStep, EnforceOptions, UpdateOptions } from './enforce-options.ts';
export type { Enforcement } from './enforcement.ts';
export type { LogEvent } from './events.ts';
export { type ConnectionChange, createConnectionWatch } from './follow-connections.ts';
export { CONNECTION_ORDERS, type ConnectionOrder, type FoundConnections } from './found-connections.ts';
export type { FoundSet } from './found-sets.ts';
export { buildGeneration, type Generation, type LoadedProgram } from './generation.ts';
export { type Inspection, inspect } from './inspect.ts';
export { type Absent, examineInterfaces } from './interfaces-chosen.ts';
export type { InterfaceChange } from './interfaces-reconcile.ts';
export { type LeftObservation, takeLeftObservation } from './left-observation.ts';
export { type LiveFlow, liveFlows } from './live-flows.ts';
export type { SetChange } from './live-sets.ts';
export { readMembers } from './member-text.ts';
export type { Decision, Difference } from './observe.ts';
export { type JudgeOptions, type KernelJudgement, openRehearsal, type Rehearsal } from './rehearsal.ts';
export { createRuntimeMembers, type MemberChange, type RuntimeMember, type RuntimeMembers } from './runtime-members.ts';
export { openSetOverlay, type SetOverlay } from './set-overlay.ts';
export type { Pending } from './standing.ts';
export { JUDGING_MODES, type JudgingMode } from './state.ts';
export { withRuntimeMembers } from './with-runtime-members.ts';
