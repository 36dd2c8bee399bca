import type { CheckedPolicy } from './checked.ts';

/** Whether packets that leave are looked at: not where a policy lets all go, has no rule about them, and tracks no connections. */
export const judgesEgress = ({ connections, egress }: CheckedPolicy): boolean =>
  connections !== undefined || egress.rules.length > 0 || egress.default !== 'allow';
