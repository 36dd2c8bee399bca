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
export * from './program/load.ts';
export { readSkbContext, skbContext, xdpContext } from './program/test-context.ts';
export * from './program/test-run.ts';
export * from './program/verifier-error.ts';
export * from './program/verifier-log.ts';
export { possibleCpus } from './system/cpus.ts';
export { openDescriptors } from './system/descriptor.ts';
export { openMappings } from './system/mapping.ts';
export * from './system/uapi-bpf.ts';
