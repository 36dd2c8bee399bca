import { mapTypeOf } from '../system/type-names.ts';
import type { MapType } from '../system/uapi-bpf.ts';
import type { Btf } from './btf.ts';
import type { BtfStruct, BtfTypeId } from './btf-types.ts';
import { corrupt, unsupported } from './byte-reader.ts';

export const MAPS_SECTION = '.maps';

/** A map as the object asks for it: sizes in bytes, 0 where nothing is said. */
export interface ObjectMap {
  readonly name: string;
  readonly type: MapType;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  /** BPF_F_*, or-ed. */
  readonly flags: number;
  /** `__uint(pinning, LIBBPF_PIN_BY_NAME)`: to be shared under its name. */
  readonly pinByName: boolean;
  /** In the object's BTF, where the object gives types and not only sizes. */
  readonly keyType?: BtfTypeId;
  readonly valueType?: BtfTypeId;
  /** For a map of maps: what the inner ones are like. */
  readonly innerMap?: ObjectMap;
}

/** The maps that are defined as libbpf's `bpf_helpers.h` has it, in `.maps` with `__uint`, `__type` and `__array`. */
export function readMaps(btf: Btf, what: string): ObjectMap[] {
  const section = btf.find('dataSection', MAPS_SECTION);
  return (section?.variables ?? []).map(({ type: id }) => {
    const variable = btf.type(id);
    if (variable.kind !== 'variable') throw corrupt(`${what}: type ${id} in ${MAPS_SECTION} is not a variable`);
    return readMap(btf, variable.name, variable.type, `${what}, map "${variable.name}"`);
  });
}

function readMap(btf: Btf, name: string, id: BtfTypeId, where: string): ObjectMap {
  const definition = btf.bareType(id);
  if (definition.kind !== 'struct') throw corrupt(`${where}: is a ${definition.kind}, not a struct`);
  const number = (member: string): number | undefined => numberOf(btf, definition, member, where);
  const typed = (member: string): BtfTypeId | undefined => pointee(btf, definition, member, where);

  const type = number('type') ?? 0;
  const typeName = mapTypeOf(type);
  if (typeName === undefined) throw unsupported(`${where}: has the type ${type}`);
  const keyType = typed('key');
  const valueType = typed('value');
  const innerMap = readInnerMap(btf, definition, name, where);
  return {
    name,
    type: typeName,
    keySize: number('key_size') ?? (keyType === undefined ? defaultSize(typeName) : btf.sizeOf(keyType)),
    valueSize: number('value_size') ?? (valueType === undefined ? defaultSize(typeName) : btf.sizeOf(valueType)),
    maxEntries: number('max_entries') ?? 0,
    flags: number('map_flags') ?? 0,
    pinByName: number('pinning') === PIN_BY_NAME,
    ...(keyType !== undefined && { keyType }),
    ...(valueType !== undefined && { valueType }),
    ...(innerMap && { innerMap }),
  };
}

const PIN_BY_NAME = 1;

/** A map of descriptors need not say that they are 32 bits. */
const defaultSize = (type: MapType): number => (type.endsWith('_of_maps') || type === 'prog_array' ? 4 : 0);

const memberType = (struct: BtfStruct, name: string): BtfTypeId | undefined =>
  struct.members.find((member) => member.name === name)?.type;

/** `__uint(name, N)` is a pointer to an array of N. */
function numberOf(btf: Btf, struct: BtfStruct, name: string, where: string): number | undefined {
  const id = pointee(btf, struct, name, where);
  if (id === undefined) return undefined;
  const array = btf.bareType(id);
  if (array.kind !== 'array') throw corrupt(`${where}: ${name} is not given by __uint`);
  return array.length;
}

/** `__type(name, T)` is a pointer to T. */
function pointee(btf: Btf, struct: BtfStruct, name: string, where: string): BtfTypeId | undefined {
  const id = memberType(struct, name);
  if (id === undefined) return undefined;
  const pointer = btf.bareType(id);
  if (pointer.kind !== 'pointer') throw corrupt(`${where}: ${name} is not given by __uint or __type`);
  return pointer.type;
}

/** `__array(values, T)` is an array of pointers to T, a map's definition where this is a map of maps. */
function readInnerMap(btf: Btf, struct: BtfStruct, name: string, where: string): ObjectMap | undefined {
  const id = memberType(struct, 'values');
  if (id === undefined) return undefined;
  const values = btf.bareType(id);
  const pointer = values.kind === 'array' ? btf.bareType(values.type) : values;
  if (pointer.kind !== 'pointer') throw corrupt(`${where}: values is not given by __array`);
  return btf.bareType(pointer.type).kind === 'struct' ? readMap(btf, name, pointer.type, `${where}, inner`) : undefined;
}
