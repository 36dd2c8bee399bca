import { dscpNames } from '../../packet/dscp-names.ts';
import type { NumberField } from './numbers.ts';

export const DSCP: NumberField = { noun: 'a DSCP', domain: [0, 63], names: dscpNames };
export const DSCP_NAMES: readonly string[] = [...dscpNames.keys()];
