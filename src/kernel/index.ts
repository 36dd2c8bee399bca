export * from './bpffs.ts';
export * from './codec.ts';
export * from './link/clsact.ts';
export * from './link/link.ts';
export * from './link/tcx.ts';
export * from './link/xdp.ts';
export {
  createMapHandle,
  type MapDefinition,
  type MapHandle,
  mapFromId,
  mapTypeOf,
  openPinnedMap,
} from './map/handle.ts';
export { lpmKey } from './map/lpm-key.ts';
export { type MapMemory, mapMemory } from './map/map-memory.ts';
export { createMapOfMaps, mapOfMaps } from './map/nested-map.ts';
export { createProgramArray, type ProgramArray, programArray } from './map/program-array.ts';
export { type BpfMap, createMap, createPerCpuMap, type MapSpec, typedMap, typedPerCpuMap } from './map/typed-map.ts';
export * from './network/interfaces.ts';
export * from './network/namespace.ts';
export * from './object/index.ts';
export * from './program/load.ts';
export { readSkbContext, skbContext, xdpContext } from './program/test-context.ts';
export * from './program/test-run.ts';
export * from './program/verifier-error.ts';
export * from './program/verifier-log.ts';
export { possibleCpus } from './system/cpus.ts';
export { openDescriptorNames, openDescriptors } from './system/descriptor.ts';
export { openMappings } from './system/mapping.ts';
export { SystemCallError } from './system/system-call.ts';
export * from './system/uapi-bpf.ts';
