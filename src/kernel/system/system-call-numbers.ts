/** Linux system call numbers, from the kernel's asm/unistd.h of each architecture. */
const x64 = {
  mmap: 9,
  munmap: 11,
  ioctl: 16,
  socket: 41,
  sendto: 44,
  recvfrom: 45,
  bind: 49,
  setsockopt: 54,
  getsockopt: 55,
  fcntl: 72,
  flock: 73,
  capget: 125,
  mount: 165,
  umount2: 166,
  sched_setaffinity: 203,
  sched_getaffinity: 204,
  clock_gettime: 228,
  clock_getres: 229,
  unshare: 272,
  prlimit64: 302,
  setns: 308,
  getcpu: 309,
  bpf: 321,
  membarrier: 324,
} as const;

export type SystemCall = keyof typeof x64;

const arm64: Record<SystemCall, number> = {
  mmap: 222,
  munmap: 215,
  ioctl: 29,
  socket: 198,
  sendto: 206,
  recvfrom: 207,
  bind: 200,
  setsockopt: 208,
  getsockopt: 209,
  fcntl: 25,
  flock: 32,
  capget: 90,
  mount: 40,
  umount2: 39,
  sched_setaffinity: 122,
  sched_getaffinity: 123,
  clock_gettime: 113,
  clock_getres: 114,
  unshare: 97,
  prlimit64: 261,
  setns: 268,
  getcpu: 168,
  bpf: 280,
  membarrier: 283,
};

const byArchitecture: Partial<Record<NodeJS.Architecture, Record<SystemCall, number>>> = { x64, arm64 };

/** The numbers of the machine that this runs on, or undefined where Sluice does not know them. */
export const systemCallNumbers: Record<SystemCall, number> | undefined = byArchitecture[process.arch];
