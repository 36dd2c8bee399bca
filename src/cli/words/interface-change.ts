import type { InterfaceChange } from '../../datapath/index.ts';
import { printable } from '../../diagnostics/display-width.ts';

/** What became of an interface, as a line without its end; problems are told apart from it. */
export function interfaceChangeInWords({ name, what, was, became, moved }: InterfaceChange): string {
  const interfaceName = `interface ${printable(name)}`;
  switch (what) {
    case 'attached':
      return `${interfaceName}${was === undefined ? '' : `, which was ${printable(was)},`} is judged from now on`;
    case 'renamed':
      return `${interfaceName} was ${printable(was ?? '')}: rules know it by its new name`;
    case 'refused':
      return `${interfaceName} is not judged`;
    case 'gone':
      if (became !== undefined) return `${interfaceName} is ${printable(became)} now, which the policy is not for`;
      return `${interfaceName} ${moved ? 'has moved to another network namespace' : 'is gone'}`;
  }
}
