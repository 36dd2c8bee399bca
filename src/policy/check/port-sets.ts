import type { NumberRange } from '../checked.ts';
import type { Path } from '../parse/document.ts';
import { numberRange, PORT, portSet } from './numbers.ts';
import { normalise } from './ranges.ts';
import type { SetContext } from './sets.ts';

export interface PortSetInput {
  readonly ports: readonly (number | string)[];
}

/** Ports, ranges and other sets of ports, or undefined when some of it is wrong, which is reported. */
export function checkPortSet(input: PortSetInput, path: Path, context: SetContext): NumberRange[] | undefined {
  const ranges: NumberRange[] = [];
  let wrong = false;
  for (const [index, item] of input.ports.entries()) {
    const found = checkItem(item, [...path, 'ports', index], context);
    if (found) ranges.push(...found);
    else wrong = true;
  }
  return wrong ? undefined : normalise(ranges);
}

function checkItem(item: number | string, place: Path, context: SetContext): readonly NumberRange[] | undefined {
  const value = typeof item === 'string' ? item.trim() : item;
  if (typeof value === 'string' && value.startsWith('@')) {
    const name = value.slice(1);
    return context.include(name, place) ? portSet(name, place, context) : undefined;
  }
  const range = numberRange(value, place, PORT, context.report);
  return range && [range];
}
