import { didYouMean } from '../../diagnostics/suggest.ts';
import type { InterfaceMatch } from '../checked.ts';
import { isGlob, matchesPattern, patternProblem, patternsMeet } from '../interface-pattern.ts';
import type { Path } from '../parse/document.ts';
import { quote } from './numbers.ts';
import { type Operand, operands } from './operands.ts';
import type { Report } from './report.ts';
import type { Scope } from './scope.ts';

/** The policy's interfaces: names and globs that could be of some, each once. */
export function checkInterfaceList(names: readonly string[], path: Path, report: Report): string[] {
  const known = new Map<string, number>();
  for (const [index, name] of names.entries()) {
    const first = known.get(name);
    const problem = patternProblem(name);
    if (problem !== undefined) {
      report.error('policy/bad-interface', [...path, index], `${quote(name)} ${problem}`);
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

/** Those of the policy's interfaces that are judged behind another's XDP program: names and globs, each once. */
export function checkChained(
  names: readonly string[],
  path: Path,
  report: Report,
  interfaces: readonly string[],
): string[] {
  const known = new Set<string>();
  for (const [index, value] of names.entries()) {
    if (known.has(value))
      report.error('policy/bad-interface', [...path, index], `interface "${value}" is listed twice`);
    else if (interfaces.length === 0 || !isWrong({ value, path: [...path, index] }, { report, interfaces }))
      known.add(value);
  }
  return [...known];
}

/** The interfaces that a rule is for. Undefined when one is wrong, or none is left, which is reported. */
export function checkInterface(
  value: string | readonly string[],
  path: Path,
  scope: Scope,
): InterfaceMatch | undefined {
  const list = operands(value, path, scope.report);
  // Without any interface the policy has been found wrong already.
  const wrong = scope.interfaces.length > 0 && list.filter((operand) => isWrong(operand, scope)).length > 0;
  if (wrong || list.length === 0) return undefined;
  const match = fold(list, scope.interfaces);
  if (match.any.length > 0) return match;
  scope.report.error('policy/never-matches', path, '"interface" excludes every interface that it allows');
  return undefined;
}

function isWrong(
  { value, path }: Pick<Operand<string>, 'value' | 'path'>,
  { report, interfaces }: Pick<Scope, 'report' | 'interfaces'>,
): boolean {
  if (isGlob(value)) {
    const problem = patternProblem(value);
    if (problem !== undefined) report.error('policy/bad-interface', path, `${quote(value)} ${problem}`);
    if (problem !== undefined) return true;
  }
  if (interfaces.some((pattern) => patternsMeet(pattern, value))) return false;
  const what = isGlob(value)
    ? `${quote(value)} stands for none of the policy's interfaces`
    : `interface ${quote(value)} is not one of the policy's`;
  const help =
    didYouMean(value, interfaces) ??
    `add it to the policy's "interfaces", or use one of them: ${interfaces.join(', ')}`;
  report.error('policy/unknown-interface', path, what, { help });
  return true;
}

/** Names that are excluded are left out where that can be done: of names alone, no exclusion is left. */
function fold(list: readonly Operand<string>[], interfaces: readonly string[]): InterfaceMatch {
  const named = (negated: boolean): string[] => [
    ...new Set(list.filter((operand) => operand.negated === negated).map(({ value }) => value)),
  ];
  const [positive, excluded] = [named(false), named(true)];
  const any = (positive.length > 0 ? positive : interfaces).filter(
    (pattern) =>
      !excluded.some((one) => one === pattern || one === '*' || (!isGlob(pattern) && matchesPattern(one, pattern))),
  );
  return { any, none: excluded.filter((one) => any.some((pattern) => patternsMeet(pattern, one))) };
}
