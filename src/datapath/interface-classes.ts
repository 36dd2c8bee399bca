import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SluiceError } from '../diagnostics/problem.ts';
import { INTERFACE_PROBES, INTERFACE_ROWS } from '../generated/abi.ts';
import { type MapHandle, mapMemory, openPinnedMap } from '../kernel/index.ts';
import type { CheckedPolicy } from '../policy/checked.ts';
import { classRow, createInterfaceTable, type InterfaceTable, interfaceTable } from '../policy/interface-table.ts';
import type { GenerationMaps } from './generation-maps.ts';
import { type Paths, pinName } from './paths.ts';
import type { GenerationState } from './state.ts';

/** The two maps by which a generation knows interfaces: src/policy/interface-table.ts and bpf/abi/interfaces.h. */
interface ClassMaps {
  readonly interfaces: MapHandle;
  readonly classes: MapHandle;
}

/** What is known of a generation that is told of interfaces. */
type Named = Pick<GenerationState, 'generation' | 'questions'>;

/** What has to be written down of a policy so that any later process can tell its generation of interfaces. */
export const describeInterfaces = (
  policy: CheckedPolicy,
): Pick<GenerationState, 'patterns' | 'chained' | 'questions'> => ({
  patterns: [...policy.interfaces],
  chained: [...policy.chained],
  questions: createInterfaceTable(policy).questions.map(({ any, none }) => ({ any: [...any], none: [...none] })),
});

/**
 * Tells a generation, by its pins, what an interface is called: from this one store on, its rules hold for that name. To be
 * done before the generation is attached there. What the interface was called before holds until then.
 * @throws SluiceError datapath/too-many-interfaces
 */
export function nameInterface(paths: Paths, state: Named, ifindex: number, name: string): void {
  const pinOf = (map: string): string => join(paths.maps(state.generation), pinName(map));
  if (state.questions.length === 0 || !existsSync(pinOf('interface_classes'))) return;
  using interfaces = openPinnedMap(pinOf('interfaces'));
  using classes = openPinnedMap(pinOf('interface_classes'));
  writeClass({ interfaces, classes }, interfaceTable(state.questions), ifindex, name);
}

/** The same for a generation of this process. */
export function nameInterfaceIn(maps: GenerationMaps, table: InterfaceTable, ifindex: number, name: string): void {
  const [interfaces, classes] = [maps.all.get('interfaces'), maps.all.get('interface_classes')];
  if (interfaces && classes) writeClass({ interfaces, classes }, table, ifindex, name);
}

function writeClass(maps: ClassMaps, table: InterfaceTable, ifindex: number, name: string): void {
  using classes = mapMemory(maps.classes);
  using interfaces = mapMemory(maps.interfaces);
  const found = classOf(new Uint8Array(classes.buffer), table, classRow(table, name));
  const rows = new BigUint64Array(interfaces.buffer, 0, INTERFACE_ROWS);
  const slot = slotOf(rows, ifindex);
  if (found === undefined || slot === undefined) throw tooMany(name);
  Atomics.store(rows, slot, BigInt(ifindex) | (BigInt(found) << 32n));
}

/** The class with these bits, or the first that is free, which then has them. No packet has that class yet. */
function classOf(memory: Uint8Array, { classes, rowBytes }: InterfaceTable, row: Uint8Array): number | undefined {
  if (row.every((bits) => bits === 0)) return 0;
  for (let index = 1; index < classes; index++) {
    const present = memory.subarray(index * rowBytes, (index + 1) * rowBytes);
    if (present.every((bits, at) => bits === row[at])) return index;
    if (present.some((bits) => bits !== 0)) continue;
    present.set(row);
    return index;
  }
  return undefined;
}

/** The row that the interface has, or a free one where a packet's look-up comes by. */
function slotOf(rows: BigUint64Array, ifindex: number): number | undefined {
  let free: number | undefined;
  for (let probe = 0; probe < INTERFACE_PROBES; probe++) {
    const slot = (ifindex + probe) % INTERFACE_ROWS;
    const held = Number((rows[slot] as bigint) & 0xffff_ffffn);
    if (held === ifindex) return slot;
    if (held === 0) free ??= slot;
  }
  return free;
}

/** Makes room: nothing of Sluice is on the interface any more. */
export function forgetInterface(paths: Paths, state: Named, ifindex: number): void {
  const pin = join(paths.maps(state.generation), pinName('interfaces'));
  if (state.questions.length === 0 || !existsSync(pin)) return;
  using map = openPinnedMap(pin);
  using memory = mapMemory(map);
  const rows = new BigUint64Array(memory.buffer, 0, INTERFACE_ROWS);
  const slot = slotOf(rows, ifindex);
  if (slot !== undefined) Atomics.store(rows, slot, 0n);
}

function tooMany(name: string): SluiceError {
  const message = `interface "${name}": there is no room to tell the rules what it is called`;
  return new SluiceError({ code: 'datapath/too-many-interfaces', message });
}
