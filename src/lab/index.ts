export type { CommandOptions, CommandResult } from './command.ts';
export { createFlood, type Flood, type FloodPlan, floodSources } from './flood.ts';
export type { LabHost } from './host.ts';
export { createLab, createPair, type Lab, type LabOptions } from './lab.ts';
export type { LabProcess } from './lab-process.ts';
export {
  type DevicePlan,
  edgeTopology,
  type HostPlan,
  hardwareAddress,
  type LinkPlan,
  pairTopology,
  type WiredDevice,
} from './topology.ts';
export { receiveXdpFrames } from './xdp-receiver.ts';
