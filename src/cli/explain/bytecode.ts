import { type BpfFunction, disassemble } from '../../asm/index.ts';
import type { CheckedPolicy } from '../../policy/checked.ts';
import { type CompiledHook, type CompileOptions, compilePolicy } from '../../policy/compile.ts';
import type { Paint } from '../output/style.ts';

/** Code that was generated from the policy, as lines to read. */
export interface ListedFunction {
  readonly hook: 'xdp' | 'tc';
  readonly name: string;
  readonly lines: readonly string[];
}

/** All functions that the compiler makes of the policy. Needs no kernel, and no interface to be there. */
export function listBytecode(policy: CheckedPolicy, how: Pick<CompileOptions, 'structure'> = {}): ListedFunction[] {
  const { xdp, tc } = compilePolicy(policy, how);
  return [...listHook('xdp', xdp), ...(tc ? listHook('tc', tc) : [])];
}

function listHook(hook: ListedFunction['hook'], { functions, parts }: CompiledHook): ListedFunction[] {
  const all: readonly BpfFunction[] = [...functions, ...parts.map((part) => part.function)];
  return all.map((fn) => ({ hook, name: fn.name, lines: disassemble(fn) }));
}

/** The listing with labels and comments set off from the instructions. */
export function bytecodeText(functions: readonly ListedFunction[], paint: Paint): string {
  return functions.map(({ hook, lines }) => functionText(hook, lines, paint)).join('\n');
}

function functionText(hook: string, [name = '', ...lines]: readonly string[], paint: Paint): string {
  const head = `${paint('bold', name)} ${paint('dim', `(${hook})`)}`;
  return `${[head, ...lines.map((line) => lineText(line, paint))].join('\n')}\n`;
}

function lineText(line: string, paint: Paint): string {
  if (/^ \S.*:$/.test(line)) return paint('cyan', line);
  const comment = line.indexOf('/*');
  return comment < 0 ? line : line.slice(0, comment) + paint('dim', line.slice(comment));
}
