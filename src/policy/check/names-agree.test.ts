import { expect, test } from 'vitest';
import { icmpTypes, icmpv6Types } from '../../packet/icmp-names.ts';
import { protocolNumbers } from '../../packet/names.ts';
import { icmpCodeNumbers, icmpTypeNumbers } from './icmp-names.ts';
import { PROTOCOL_NUMBERS } from './protocol-names.ts';

/** What `sluice ask` and packet descriptions call a thing can be written into a policy. */
test.each([
  ['v4', icmpTypes],
  ['v6', icmpv6Types],
] as const)('ICMP types and codes of %s have one name in packets and in policies', (family, types) => {
  for (const { name, number, codes } of types) {
    expect({ name, number: icmpTypeNumbers(name)?.[family] }).toEqual({ name, number });
    for (const [codeName, code] of codes) {
      expect({ codeName, ...icmpCodeNumbers(codeName)?.[family] }).toEqual({ codeName, type: number, code });
    }
  }
});

test('protocols have one name in packets and in policies, where it stands for one number', () => {
  const inPolicies = new Map<string, number>(Object.entries(PROTOCOL_NUMBERS));
  for (const [name, number] of protocolNumbers) {
    // In a policy `icmp` is that of the packet's family.
    if (!name.startsWith('icmp')) expect({ name, number: inPolicies.get(name) }).toEqual({ name, number });
  }
});
