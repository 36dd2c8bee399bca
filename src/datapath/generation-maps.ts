import { SluiceError } from '../diagnostics/problem.ts';
import { FIRST_PART, INTERFACE_ROWS } from '../generated/abi.ts';
import {
  BPF_F_MMAPABLE,
  BPF_F_RDONLY_PROG,
  bytes,
  createMapHandle,
  errno,
  type MapHandle,
  mapMemory,
  type ProgramArray,
  programArray,
  SystemCallError,
  typedMap,
  u32,
} from '../kernel/index.ts';
import { type ObjectMap, setVariables } from '../kernel/object/index.ts';
import type { CompiledPolicy } from '../policy/compile.ts';
import type { ClassifierTable } from '../policy/emit/entry.ts';
import type { TrieMap } from '../policy/tables.ts';
import { counterRows } from './counters.ts';
import type { HookName } from './generation.ts';
import { explainMemory } from './no-memory.ts';
import { dataPlane } from './objects.ts';
import { createRecordSet, type RecordSet, type RecordSets, sharedSet } from './record-sets.ts';
import type { RuntimeMembers } from './runtime-members.ts';
import { connectionEntries, createTracking } from './tracking.ts';
import { createWindowsMap } from './windows.ts';

/** The maps of a generation, made when a program first asks for one. */
export interface GenerationMaps {
  /** The map that a program of the hook knows by `name`. */
  get(hook: HookName, name: string): MapHandle;
  programs(hook: HookName): ProgramArray;
  /** By the name under which a map is pinned: hook and name, or the name where the hooks share it. */
  readonly all: ReadonlyMap<string, MapHandle>;
  readonly recordSets: RecordSets;
  close(): void;
}

/** Maps of which each hook has its own. */
const PER_HOOK = new Set(['scratch', 'programs', '.rodata', 'enforced', 'enforced_scratch']);

/**
 * @param constants values for the data plane's .rodata, by name
 * @param inherit gives a map that is not to be made anew
 * @param earlier sets of a generation in whose place this one comes: those that it can go on with it has, too
 * @param runtime what dynamic sets hold besides what the policy lists
 */
export function createGenerationMaps(
  compiled: CompiledPolicy,
  constants: Readonly<Record<string, number | bigint>>,
  inherit: (map: string) => MapHandle | undefined = () => undefined,
  earlier?: RecordSets,
  runtime?: RuntimeMembers,
): GenerationMaps {
  const all = new Map<string, MapHandle>();
  const recordSets = new Map<string, RecordSet>();
  const tries = new Map(compiled.tries.map((trie) => [trie.map, trie]));
  const tables = new Map(compiled.tables.map((table) => [table.map, table]));

  const operands = new Map(compiled.operands.map((rows) => [rows.map, rows]));

  function get(hook: HookName, name: string): MapHandle {
    const key = PER_HOOK.has(name) ? `${hook}:${name}` : name;
    let map = all.get(key);
    if (map === undefined) {
      map = inherit(key) ?? explainMemory(`map "${name}"`, sizeOf(name), () => create(hook, name));
      all.set(key, map);
    }
    return map;
  }

  function sizeOf(name: string): number | undefined {
    const table = tables.get(name);
    return table && sizeOfTable(table);
  }

  function create(hook: HookName, name: string): MapHandle {
    const trie = tries.get(name);
    if (trie?.records) {
      const found = sharedSet(trie, earlier) ?? explainSize(trie, () => createRecordSet(trie, runtime));
      recordSets.set(name, found);
      return found.set.map;
    }
    if (trie) return createTrie(trie);
    const table = tables.get(name);
    if (table) return createTable(table);
    const rows = operands.get(name);
    if (rows) return createArray(name, new Uint8Array(rows.words.buffer), 0);
    if (name === 'rounds') return createRounds();
    if (name === 'tracking') return createTracking(compiled.plan.policy.connections);
    if (name === 'windows') return createWindowsMap(compiled.windows.all);
    if (name === 'interface_classes') return createArray(name, emptyClasses(compiled), BPF_F_MMAPABLE);
    if (name === 'bitmaps') return createArray(name, compiled.bitmaps, 0);
    if (name === '.rodata') return createConstants(hook, constants);
    const { type, keySize, valueSize, maxEntries, flags } = dataPlane(hook).maps.get(name) as ObjectMap;
    const entries = entriesOf(compiled, hook, name) ?? maxEntries;
    return createMapHandle({ type, name, keySize, valueSize, maxEntries: entries, flags });
  }

  return {
    get,
    programs: (hook) => programArray(get(hook, 'programs')),
    all,
    recordSets,
    close: () => {
      for (const [name, map] of all) if (!recordSets.has(name)) map.close();
      for (const set of recordSets.values()) set.release();
    },
  };
}

const emptyClasses = ({ interfaces: { classes, rowBytes } }: CompiledPolicy): Uint8Array =>
  new Uint8Array(classes * rowBytes);

/** Sizes that follow from the policy. */
function entriesOf(compiled: CompiledPolicy, hook: HookName, name: string): number | undefined {
  switch (name) {
    case 'counters':
      return compiled.counters * counterRows();
    case 'interfaces':
      return compiled.interfaces.questions.length > 0 ? INTERFACE_ROWS : 1;
    case 'limits':
      return compiled.limits;
    case 'programs':
      return FIRST_PART + (compiled[hook]?.parts.length ?? 0);
    default:
      return connectionEntries(compiled.plan.policy.connections, name);
  }
}

const WORD_BYTES = 8;

function createTrie(trie: TrieMap): MapHandle {
  const { map, words, capacity } = trie;
  const handle = explainSize(trie, () =>
    createMapHandle({
      type: 'array',
      name: map,
      keySize: u32.size,
      valueSize: capacity * WORD_BYTES,
      maxEntries: 1,
      flags: BPF_F_MMAPABLE,
    }),
  );
  try {
    using memory = mapMemory(handle);
    new BigUint64Array(memory.buffer, 0, words.length).set(words);
    return handle;
  } catch (error) {
    handle.close();
    throw error;
  }
}

/** Says which set wants a map that the kernel has no room for. */
function explainSize<T>({ map, set, capacity }: TrieMap, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const tooLarge = error instanceof SystemCallError && (error.errno === errno.E2BIG || error.errno === errno.ENOMEM);
    if (!tooLarge) throw error;
    const size = `${Math.ceil((capacity * WORD_BYTES) / 2 ** 20).toLocaleString('en')} MiB`;
    const whose = set === undefined ? 'a list of addresses' : `set "${set.name}"`;
    const message = `${whose} needs ${size} for map "${map}", and the kernel gives no such map: ${error.errnoName}`;
    const help = 'Put fewer or larger prefixes in; the memory cgroup and RLIMIT_MEMLOCK limit the memory of maps.';
    throw new SluiceError({ code: 'datapath/set-too-large', message, help }, { cause: error });
  }
}

/** Room behind a table's words for the longest entry, bytes: code reads that of an index which it only masks. */
const TABLE_SLACK = 64;

const sizeOfTable = ({ capacity }: ClassifierTable): number => capacity * WORD_BYTES + TABLE_SLACK;

function createTable(table: ClassifierTable): MapHandle {
  const { map, classifier } = table;
  const { image } = classifier;
  const shape = { keySize: u32.size, valueSize: sizeOfTable(table), maxEntries: 1, flags: BPF_F_MMAPABLE };
  const handle = createMapHandle({ type: 'array', name: map, ...shape });
  try {
    using memory = mapMemory(handle);
    new Uint32Array(memory.buffer).set(image.halves.subarray(0, image.length * 2));
    return handle;
  } catch (error) {
    handle.close();
    throw error;
  }
}

/** What the loop of src/policy/emit/trees.ts goes over: only how many there are counts. */
const createRounds = (): MapHandle =>
  createMapHandle({
    type: 'array',
    name: 'rounds',
    keySize: u32.size,
    valueSize: u32.size,
    maxEntries: 1024,
    flags: 0,
  });

function createArray(name: string, content: Uint8Array, flags: number): MapHandle {
  const shape = { keySize: u32.size, valueSize: content.length, maxEntries: 1 };
  const handle = createMapHandle({ type: 'array', name, ...shape, flags });
  try {
    typedMap(handle, u32, bytes(content.length)).update(0, content);
    return handle;
  } catch (error) {
    handle.close();
    throw error;
  }
}

/** The hook's .rodata, frozen: the verifier takes its content for constants and drops what they turn off. */
function createConstants(hook: HookName, constants: Readonly<Record<string, number | bigint>>): MapHandle {
  const section = dataPlane(hook).constants;
  // A constant that only the other hook reads is not in this one's object.
  const known = Object.entries(constants).filter(([name]) => section.variables.some((one) => one.name === name));
  const content = setVariables(section, Object.fromEntries(known));
  const map = createArray(`${hook}.rodata`, content, BPF_F_RDONLY_PROG);
  map.freeze();
  return map;
}
