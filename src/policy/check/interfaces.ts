import { didYouMean } from '../../diagnostics/suggest.ts';
import type { Path } from '../parse/document.ts';
import { quote } from './numbers.ts';
import { operands } from './operands.ts';
import type { Report } from './report.ts';
import type { Scope } from './scope.ts';

/** `dev_valid_name` of the kernel: IFNAMSIZ leaves 15 bytes. */
const VALID_NAME = /^(?!\.{1,2}$)[^\s/:\p{Cc}]{1,15}$/u;

/** The policy's interfaces: those that could be names of one, each once. */
export function checkInterfaceList(names: readonly string[], path: Path, report: Report): string[] {
  const known = new Map<string, number>();
  for (const [index, name] of names.entries()) {
    const first = known.get(name);
    if (!VALID_NAME.test(name) || Buffer.byteLength(name) > 15) {
      report.error('policy/bad-interface', [...path, index], `${quote(name)} cannot be the name of an interface`);
    } else if (first !== undefined) {
      report.error('policy/bad-interface', [...path, index], `interface "${name}" is listed twice`, {
        help: 'leave one of them out',
        related: [{ message: 'first listed here', path: [...path, first] }],
      });
    } else known.set(name, index);
  }
  if (names.length === 0) report.error('policy/empty-list', path, 'the list "interfaces" is empty');
  return [...known.keys()];
}

/** The interfaces that a rule is for, negation folded in. Undefined when one is wrong, which is reported. */
export function checkInterface(
  value: string | readonly string[],
  path: Path,
  scope: Scope,
): readonly string[] | undefined {
  const list = operands(value, path, scope.report);
  let wrong = list.length === 0;
  for (const { value: name, path: place } of list) {
    // Without any interface the policy has been found wrong already.
    if (scope.interfaces.length === 0 || scope.interfaces.includes(name)) continue;
    const help =
      didYouMean(name, scope.interfaces) ??
      `add it to the policy's "interfaces", or use one of them: ${scope.interfaces.join(', ')}`;
    scope.report.error('policy/unknown-interface', place, `interface ${quote(name)} is not one of the policy's`, {
      help,
    });
    wrong = true;
  }
  if (wrong) return undefined;
  const negated = new Set(list.filter((operand) => operand.negated).map((operand) => operand.value));
  const positive = list.filter((operand) => !operand.negated).map((operand) => operand.value);
  const result = (positive.length > 0 ? [...new Set(positive)] : scope.interfaces).filter((name) => !negated.has(name));
  if (result.length > 0) return result;
  scope.report.error('policy/never-matches', path, '"interface" excludes every interface that it allows');
  return undefined;
}
