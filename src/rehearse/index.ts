export { comparePolicies, isSame } from './compare/compare-policies.ts';
export type { FieldChange, PolicyDiff, RuleChange, SetChange } from './compare/policy-diff.ts';
export type { Example } from './packets/made-packet.ts';
export { type RehearseInput, rehearse } from './rehearse.ts';
export type { RehearsalReport, RuleFinding, VerdictChange } from './report.ts';
export { type CutSession, cutsSsh, type SshJudge, sshProblems } from './ssh/cuts-ssh.ts';
export { liveSshSessions } from './ssh/live-ssh-sessions.ts';
export { parseSshConnection, sshConnectionOf } from './ssh/ssh-connection.ts';
export { describeSession, type SshSession } from './ssh/ssh-session.ts';
