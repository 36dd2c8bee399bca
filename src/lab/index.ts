export type { CommandOptions, CommandResult } from './command.ts';
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
} from './topology.ts';
export { receiveXdpFrames } from './xdp-receiver.ts';
