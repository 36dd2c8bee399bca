export * from './bpffs.ts';
export * from './codec.ts';
export {
  createMapHandle,
  type MapDefinition,
  type MapHandle,
  mapFromId,
  mapTypeOf,
  openPinnedMap,
} from './map/handle.ts';
export { lpmKey } from './map/lpm-key.ts';
export { mapMemory } from './map/map-memory.ts';
export { createMapOfMaps, mapOfMaps } from './map/nested-map.ts';
export { createProgramArray, programArray } from './map/program-array.ts';
export { type BpfMap, createMap, createPerCpuMap, type MapSpec, typedMap, typedPerCpuMap } from './map/typed-map.ts';
export { possibleCpus } from './system/cpus.ts';
export { openDescriptors } from './system/descriptor.ts';
export { openMappings } from './system/mapping.ts';
export * from './system/uapi-bpf.ts';
