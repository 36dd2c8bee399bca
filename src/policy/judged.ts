import type { CheckedPolicy } from './checked.ts';

/** Whether packets that leave are looked at: not where a policy lets all of them go and has no rule about them. */
export const judgesEgress = ({ egress }: CheckedPolicy): boolean =>
  egress.rules.length > 0 || egress.default !== 'allow';
