import {
  type AttachType,
  attachTypes,
  type LinkType,
  linkTypes,
  type MapType,
  mapTypes,
  type ProgramType,
  programTypes,
} from './uapi-bpf.ts';

/** The names of the kernel's numbers; undefined for a number that is newer than this library. */
function namesOf<Name extends string>(numbers: Readonly<Record<Name, number>>): (value: number) => Name | undefined {
  const names = new Map(Object.entries<number>(numbers).map(([name, value]) => [value, name as Name]));
  return (value) => names.get(value);
}

/** Of `enum bpf_map_type`, as the map definitions of an object file have it. */
export const mapTypeOf: (value: number) => MapType | undefined = namesOf(mapTypes);
/** Of `enum bpf_prog_type`. */
export const programTypeOf: (value: number) => ProgramType | undefined = namesOf(programTypes);
/** Of `enum bpf_link_type`. */
export const linkTypeOf: (value: number) => LinkType | undefined = namesOf(linkTypes);
/** Of `enum bpf_attach_type`. */
export const attachTypeOf: (value: number) => AttachType | undefined = namesOf(attachTypes);
