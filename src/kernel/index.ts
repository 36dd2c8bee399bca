/**
 * sluice/kernel: eBPF from TypeScript, without a native build and without libbpf.
 *
 * Maps, programs, links, ring buffers, test runs, network namespaces and feature probes, straight on bpf(2),
 * rtnetlink and a few more system calls. Linux 5.15 and newer, x64 and arm64.
 *
 *   using blocked = createMap({ type: 'hash', name: 'blocked', key: be32, value: u64, maxEntries: 1024 });
 *   using program = loadProgram({ type: 'xdp', name: 'drop', code });
 *   using link = attachXdp({ interface: 'eth0', program });
 *   blocked.update(0xc0000201, 0n);
 *
 * What holds everywhere:
 * - Everything is synchronous, but waiting for records of a ring buffer and for what becomes of interfaces. Nothing is loaded before the first call.
 * - What holds a descriptor or a mapping has an owner, `close()` and `Symbol.dispose`; using it afterwards is an
 *   error, never a crash. `openDescriptors()` and `openMappings()` count what is open.
 * - Keys, values and records are read and written through codecs; integers are little endian unless the codec says
 *   otherwise.
 * - Errors are SluiceError with a code of the registry: SystemCallError has the call, the object and the errno,
 *   VerifierError the verifier's reason, the instruction and the whole log.
 * - Names of maps, programs and links are cut to the 15 characters that the kernel keeps.
 */

export { emitSetLookup } from '../prefix-set/lookup.ts';
// The BPF file system
export { DEFAULT_BPFFS, isBpffs, listPins, mountBpffs, unmountBpffs, unpin, unpinFolder } from './bpffs.ts';
// Values in memory
export * from './codec.ts';
// Links
export { attachClsact, type ClsactFilter, type ClsactPlace, findClsactFilter } from './link/clsact.ts';
export { type Link, type LinkedProgram, type LinkInfo, linkFromId, openPinnedLink } from './link/link.ts';
export { attachTcx, type Direction, type TcxAttachment } from './link/tcx.ts';
export { attachXdp, type XdpAttachment, type XdpLink, type XdpMode, xdpTaken } from './link/xdp.ts';
// Maps
export {
  createMapHandle,
  type MapDefinition,
  type MapHandle,
  type MapLayout,
  mapFromId,
  openPinnedMap,
} from './map/handle.ts';
export { type LpmKey, lpmKey } from './map/lpm-key.ts';
export { type MapMemory, mapMemory } from './map/map-memory.ts';
export { createMapOfMaps, type MapOfMaps, type MapOfMapsSpec, mapOfMaps } from './map/nested-map.ts';
export { createProgramArray, type ProgramArray, programArray } from './map/program-array.ts';
export { createRingBuffer } from './map/ring-buffer.ts';
export {
  type BpfMap,
  createMap,
  createPerCpuMap,
  type MapSpec,
  type PerCpuMapType,
  typedMap,
  typedPerCpuMap,
  type UpdateMode,
} from './map/typed-map.ts';
export { stripsVlanTags } from './network/driver.ts';
// The network
export type { InterfaceEvent } from './network/interface-events.ts';
export {
  findInterface,
  type InterfaceAddress,
  interfaceByIndex,
  listInterfaces,
  type NetworkInterface,
} from './network/interfaces.ts';
export type { AttachedXdp, NetworkLink } from './network/link-message.ts';
export { type InterfaceMonitor, monitorInterfaces } from './network/monitor.ts';
export {
  createNamespace,
  deleteNamespace,
  enterNamespace,
  inNamespace,
  listNamespaces,
  type NamespaceReference,
  namespaceInode,
  openNamespace,
} from './network/namespace.ts';
export { namespaceCookie, type PeerCredentials, peerCredentials, sendDatagram } from './network/unix-socket.ts';
// Compiled objects
export * from './object/index.ts';
export {
  type AddOptions,
  createPrefixSet,
  type MemberCounter,
  type Prefix,
  type PrefixColumns,
  type PrefixSet,
  type PrefixSetOptions,
  type SetMember,
  type SetMemory,
} from './prefix-set.ts';
// What this machine can do
export { type Environment, readEnvironment } from './probe/environment.ts';
export { type Feature, features, type ProbedFeature, probeFeatures } from './probe/features.ts';
export {
  type ProbeOutcome,
  probeKernelFunction,
  probeLiveFrames,
  probeMap,
  probeProgram,
  probeTcx,
} from './probe/probes.ts';
export { allowedCpus, currentCpu, onCpu, setAllowedCpus } from './process/affinity.ts';
export { bootEpochMs, bootTimeNs } from './process/boot-time.ts';
export { possibleCpus } from './process/cpus.ts';
export { lockFile, tryLockFile } from './process/file-lock.ts';
export { waitForPackets } from './process/grace-period.ts';
export { isAtLeast, type KernelVersion, kernelVersion } from './process/kernel-version.ts';
export { type Capability, effectiveCapabilities, lockedMemoryLimit } from './process/rights.ts';
export { trimMemory } from './process/trim-memory.ts';
// Programs
export { loadFunctionBtf, type NamedFunction } from './program/function-btf.ts';
export {
  loadProgram,
  openPinnedProgram,
  type Program,
  type ProgramBtf,
  type ProgramSpec,
  programFromId,
} from './program/load.ts';
export {
  enableStatistics,
  linkIds,
  mapIds,
  type ProgramInfo,
  programIds,
  readProgramInfo,
} from './program/statistics.ts';
export { readSkbContext, type SkbContext, skbContext, type XdpContext, xdpContext } from './program/test-context.ts';
export {
  createTestRunner,
  type LiveFrames,
  sendLiveFrames,
  type TestRun,
  type TestRunner,
  type TestRunnerOptions,
  type TestRunResult,
  testRun,
} from './program/test-run.ts';
export { VerifierError } from './program/verifier-error.ts';
export { summarizeVerifierLog, type VerifierSummary } from './program/verifier-log.ts';
export { type PrefixSetContent, readPrefixSet } from './read-prefix-set.ts';
export { type Replaced, type ReplaceOptions, replaceMembers } from './replace-members.ts';
export { type RingBufferReader, readRingBuffer } from './ring-buffer/reader.ts';
export { recordsOf } from './ring-buffer/records.ts';

// Errors, ownership, numbers
export { type Descriptor, openDescriptorNames, openDescriptors } from './system/descriptor.ts';
export { errno, errnoName } from './system/errno.ts';
export { type Mapping, openMappings } from './system/mapping.ts';
export { type Refusal, SystemCallError } from './system/system-call.ts';
export { attachTypeOf, linkTypeOf, mapTypeOf, programTypeOf } from './system/type-names.ts';
export * from './system/uapi-bpf.ts';
