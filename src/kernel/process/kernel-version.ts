import { release } from 'node:os';

/** `5.15` and up to it: major and minor, which features are told by. */
export type KernelVersion = readonly [major: number, minor: number];

/** The version of the running kernel; vendors put features into older ones, so probe rather than compare. */
export function kernelVersion(text: string = release()): KernelVersion {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(text) ?? [];
  return [Number(major ?? 0), Number(minor ?? 0)];
}

/** Whether `version` is `wanted` or newer; `wanted` as in `5.15`. */
export function isAtLeast(version: KernelVersion, wanted: string): boolean {
  const [major, minor] = kernelVersion(wanted);
  return version[0] > major || (version[0] === major && version[1] >= minor);
}
