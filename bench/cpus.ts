import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import type { LabHost } from '../src/lab/index.ts';
import { mustRun } from './peers/peer.ts';

/** The generator's CPU: where this process calls the kernel from. */
const GENERATOR_CPU = 0;
/** The receiver's, where it gets one of its own. */
const RECEIVER_CPU = 1;

/** Keeps this thread, and with it the generator, on one CPU. What its frames make the receiver do stays there too. */
export function pinGenerator(): void {
  pin(process.pid, GENERATOR_CPU);
}

/**
 * Gives what `host` receives on its eth0 to a kernel thread on a CPU of its own: threaded NAPI, as a network card has
 * a CPU for each queue. Without it the generator's CPU does both.
 */
export async function giveReceiverItsOwnCpu(host: LabHost): Promise<void> {
  const before = new Set(receiverThreads());
  // A mount namespace of its own, since /sys shows the network namespace in which it was mounted.
  const script = 'mount -t sysfs none /sys && echo 1 >/sys/class/net/eth0/threaded';
  await mustRun(host, 'unshare', ['--mount', 'sh', '-c', script]);
  for (const pid of receiverThreads()) if (!before.has(pid)) pin(pid, RECEIVER_CPU);
}

function receiverThreads(): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => commandOf(pid).startsWith('napi/eth0-'))
    .map(Number);
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8');
  } catch {
    return ''; // it has just ended
  }
}

/** Ahead of all normal work too: a thread that waits for others would be measured waiting. */
function pin(pid: number, cpu: number): void {
  execFileSync('taskset', ['--cpu-list', '--pid', String(cpu), String(pid)], { stdio: 'ignore' });
  execFileSync('chrt', ['--fifo', '--pid', '1', String(pid)], { stdio: 'ignore' });
}
