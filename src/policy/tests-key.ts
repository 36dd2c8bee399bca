import type { AddressMatch, AddressOperand, InterfaceMatch, NumberRange, TimeWindow } from './checked.ts';
import type { Test } from './lower.ts';

/** The same string for the same tests, and another for others. */
export const testsKey = (tests: readonly Test[]): string => tests.map(testKey).join(';');

function testKey(test: Test): string {
  switch (test.kind) {
    case 'in-ranges':
      return `${test.field.name}=${rangesKey(test.ranges)}`;
    case 'masked':
      return `${test.field.name}&${test.mask}=${test.value}`;
    case 'traits':
      return `traits ${test.mask}`;
    case 'by-family':
      return `4(${testsKey(test.v4)})6(${testsKey(test.v6)})`;
    case 'address':
      return `${test.side}=${addressKey(test.match)}`;
    case 'interface':
      return interfaceKey(test.match);
    case 'payload': {
      const { base, offset, bytes, mask } = test.match;
      return `${base}+${offset}=${bytes.join()}&${mask.join()}`;
    }
    case 'filter':
      return JSON.stringify(test.match.program);
    case 'window':
      return `when ${windowsKey(test.windows)}`;
    default:
      return test.kind;
  }
}

/** The same for the same windows in the same order. */
export const windowsKey = (windows: readonly TimeWindow[]): string =>
  windows.map(({ days, from, to, timezone }) => `${days.join('')} ${from}-${to} ${timezone}`).join();

/** The same string for the same match. */
export const interfaceKey = ({ any, none }: InterfaceMatch): string => JSON.stringify([any, none]);

const rangesKey = (ranges: readonly NumberRange[]): string => ranges.map(([lo, hi]) => `${lo}-${hi}`).join();

const addressKey = ({ any, none }: AddressMatch): string =>
  `${any.map(operandKey).join('|')}!${none.map(operandKey).join('|')}`;

/** Names of sets have no digit in front. */
const operandKey = (operand: AddressOperand): string =>
  operand.kind === 'set' ? `set ${operand.set}` : `${operand.ranges.v4.join()}/${operand.ranges.v6.join()}`;
