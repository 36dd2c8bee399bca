import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type BpfFunction, link, patchMaps } from '../asm/index.ts';
import { SluiceError } from '../diagnostics/problem.ts';
import { SIDE_AFTER, SIDE_BEFORE } from '../generated/abi.ts';
import {
  BPF_F_RDONLY_PROG,
  BPF_F_XDP_HAS_FRAGS,
  bytes,
  createMapHandle,
  errno,
  loadProgram,
  type MapHandle,
  mapMemory,
  openPinnedMap,
  type Program,
  programArray,
  SystemCallError,
  typedMap,
  u32,
  VerifierError,
} from '../kernel/index.ts';
import { type ObjectMap, setVariables } from '../kernel/object/index.ts';
import type { Entries } from './entries.ts';
import { dataPlane } from './objects.ts';
import { pinName } from './paths.ts';

/** Hooks where packets are judged: one store changes over all of them. Marks are carried by whichever generation is there. */
export const judgingHooks = ['xdp', 'egress', 'chained'] as const;
export type JudgingHook = (typeof judgingHooks)[number];

/** Values of `turn`, besides a time on the boot clock until which the generation after judges: bpf/abi/turn.h. */
export const Turn = { BEFORE: 0n, AFTER: 2n ** 64n - 1n } as const;

/** Which generations have a program at a hook of an interface. */
export interface Sides {
  readonly before: boolean;
  readonly after: boolean;
}

/** What stands at every hook while a generation takes the place of another: bpf/switch.bpf.c. */
export interface Switch {
  /** For a hook where those have a program. It belongs to the switch. */
  program(hook: JudgingHook, sides: Sides): Program;
  setTurn(value: bigint): void;
  close(): void;
}

const entryOf = { xdp: 'sluice_xdp_turn', egress: 'sluice_tc_turn', chained: 'sluice_tc_turn' } as const;
const turnPin = (folder: string): string => join(folder, 'turn');
const sidesPin = (folder: string, hook: JudgingHook): string => join(folder, pinName(`sides:${hook}`));

/**
 * Loads a switch between two generations and pins its maps: the kernel empties a program array that has no pin.
 * @throws SluiceError datapath/no-switch where the kernel lets no program call both
 */
export function createSwitch(before: Entries, after: Entries, multiBuffer: boolean, folder: string): Switch {
  return makeSwitch(multiBuffer, (own, arrays) => {
    const turn = own(create('turn'));
    turn.pin(turnPin(folder));
    for (const hook of judgingHooks) {
      const sides = own(create('sides'));
      arrays.set(hook, sides);
      sides.pin(sidesPin(folder, hook));
      const array = programArray(sides);
      if (before[hook]) putSide(() => array.set(SIDE_BEFORE, before[hook] as Program));
      if (after[hook]) putSide(() => array.set(SIDE_AFTER, after[hook] as Program));
    }
    return turn;
  });
}

/** The switch that is pinned in the folder, for interfaces that appear while a change goes on; undefined where there is none. */
export function openSwitch(multiBuffer: boolean, folder: string): Switch | undefined {
  if (!existsSync(turnPin(folder))) return undefined;
  return makeSwitch(multiBuffer, (own, arrays) => {
    for (const hook of judgingHooks) {
      // A version of Sluice that knew no chained interfaces pinned none for them.
      if (existsSync(sidesPin(folder, hook))) arrays.set(hook, own(openPinnedMap(sidesPin(folder, hook))));
    }
    return own(openPinnedMap(turnPin(folder)));
  });
}

type Own = <T extends { close(): void }>(one: T) => T;

/** @param openMaps fills in the program array of each hook, and gives the map `turn` */
function makeSwitch(
  multiBuffer: boolean,
  openMaps: (own: Own, arrays: Map<JudgingHook, MapHandle>) => MapHandle,
): Switch {
  const owned: { close(): void }[] = [];
  const own: Own = <T extends { close(): void }>(one: T): T => {
    owned.push(one);
    return one;
  };
  const loaded = new Map<string, Program>();
  const arrays = new Map<JudgingHook, MapHandle>();
  const close = (): void => {
    for (const one of owned.splice(0)) one.close();
  };
  try {
    const turn = openMaps(own, arrays);
    return { program: (hook, sides) => programFor(hook, sides, turn), setTurn: (value) => setTurn(turn, value), close };
  } catch (error) {
    close();
    throw error;
  }

  function programFor(hook: JudgingHook, sides: Sides, turn: MapHandle): Program {
    const key = `${hook} ${sides.before} ${sides.after}`;
    const known = loaded.get(key);
    if (known) return known;
    const { functions, license } = dataPlane('switch');
    const linked = link(functions.get(entryOf[hook]) as BpfFunction, []);
    using constants = createConstants(sides);
    const maps: Readonly<Record<string, MapHandle | undefined>> = {
      turn,
      sides: arrays.get(hook),
      '.rodata': constants,
    };
    const program = putSide(() =>
      loadProgram({
        type: hook === 'xdp' ? 'xdp' : 'sched_cls',
        name: linked.name,
        code: patchMaps(linked, (name) => maps[name]?.fd),
        license,
        ...(hook === 'xdp' && multiBuffer && { flags: BPF_F_XDP_HAS_FRAGS }),
      }),
    );
    loaded.set(key, own(program));
    return program;
  }
}

/** Which generation the switch pinned in the folder calls; undefined where there is no switch. */
export function readTurn(folder: string): bigint | undefined {
  if (!existsSync(turnPin(folder))) return undefined;
  using map = openPinnedMap(turnPin(folder));
  using memory = mapMemory(map, 'read');
  return Atomics.load(new BigUint64Array(memory.buffer, 0, 1), 0);
}

/** Changes over at the switch that is pinned in the folder; nothing happens where there is none. */
export function writeTurn(folder: string, value: bigint): void {
  if (!existsSync(turnPin(folder))) return;
  using map = openPinnedMap(turnPin(folder));
  setTurn(map, value);
}

function setTurn(map: MapHandle, value: bigint): void {
  using memory = mapMemory(map);
  Atomics.store(new BigUint64Array(memory.buffer, 0, 1), 0, value);
}

function create(name: string): MapHandle {
  const { type, keySize, valueSize, maxEntries, flags } = dataPlane('switch').maps.get(name) as ObjectMap;
  return createMapHandle({ type, name, keySize, valueSize, maxEntries, flags });
}

function createConstants({ before, after }: Sides): MapHandle {
  const content = setVariables(dataPlane('switch').constants, { has_before: before, has_after: after });
  const shape = { keySize: u32.size, valueSize: content.length, maxEntries: 1, flags: BPF_F_RDONLY_PROG };
  const map = createMapHandle({ type: 'array', name: 'switch.rodata', ...shape });
  try {
    typedMap(map, u32, bytes(content.length)).update(0, content);
    map.freeze();
    return map;
  } catch (error) {
    map.close();
    throw error;
  }
}

/** A program array takes programs that agree in what the kernel compares: type, XDP frags, and more with each version. */
export function putSide<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof SystemCallError || error instanceof VerifierError) || error.errno !== errno.EINVAL)
      throw error;
    throw new SluiceError(
      {
        code: 'datapath/no-switch',
        message: 'the kernel lets no program choose between the generation before and the new one',
      },
      { cause: error },
    );
  }
}
