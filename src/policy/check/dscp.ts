import type { NumberField } from './numbers.ts';

/** Code points with a name: RFC 2474 (cs), 2597 (af), 3246 (ef), 5865 (voice-admit), 8622 (le). */
const NAMES = new Map<string, number>([
  ['default', 0],
  ['le', 1],
  ['ef', 46],
  ['voice-admit', 44],
]);
for (let selector = 0; selector < 8; selector++) NAMES.set(`cs${selector}`, selector * 8);
for (let forwardingClass = 1; forwardingClass <= 4; forwardingClass++) {
  for (let precedence = 1; precedence <= 3; precedence++) {
    NAMES.set(`af${forwardingClass}${precedence}`, forwardingClass * 8 + precedence * 2);
  }
}

export const DSCP: NumberField = { noun: 'a DSCP', domain: [0, 63], names: NAMES };
export const DSCP_NAMES: readonly string[] = [...NAMES.keys()];
