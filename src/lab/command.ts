import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { SluiceError } from '../diagnostics/problem.ts';

export interface CommandResult {
  /** The exit status; null where a signal ended it, as a timeout does. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** Written to its standard input, which is then closed. */
  readonly input?: string;
  /** After so long it is killed. Default 30,000. */
  readonly timeoutMs?: number;
}

/** The programs of a lab that run now, each the leader of a process group: whoever closes the lab ends them. */
export type Running = Set<ChildProcessWithoutNullStreams>;

/** Runs to the end. Throws lab/command-missing where there is no such program. */
export function run(
  running: Running,
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const child = start(running, command, args);
  const output = collect(child);
  child.stdin.on('error', () => {}); // a program need not read what it is given
  child.stdin.end(options.input ?? '');
  const timer = setTimeout(() => endGroup(child, 'SIGKILL'), options.timeoutMs ?? 30_000);
  return new Promise<CommandResult>((resolve, reject) => {
    child.on('error', (cause) => reject(cannotStart(command, cause)));
    child.on('close', (status) => resolve({ status, ...output() }));
    child.on('exit', () => setTimeout(() => closePipes(child), afterwordsMs));
  }).finally(() => clearTimeout(timer));
}

/** What a program has left running in the background may hold its pipes open; nobody waits longer for its words. */
const afterwordsMs = 500;

function closePipes(child: ChildProcessWithoutNullStreams): void {
  child.stdout.destroy();
  child.stderr.destroy();
}

/** Starts a program in a process group of its own, so that what it starts can be ended with it. */
export function start(running: Running, command: string, args: readonly string[]): ChildProcessWithoutNullStreams {
  const child = spawn(command, args, { detached: true, stdio: 'pipe' });
  running.add(child);
  for (const event of ['exit', 'error']) child.once(event, () => running.delete(child));
  return child;
}

/** Ends a program and what stayed in its group: by the signal, after two seconds by SIGKILL. Resolves at its end. */
export async function end(child: ChildProcessWithoutNullStreams, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  const exited = child.exitCode !== null || child.signalCode !== null;
  const exit = exited ? undefined : new Promise((resolve) => child.once('exit', resolve));
  endGroup(child, signal);
  const timer = setTimeout(() => endGroup(child, 'SIGKILL'), 2_000);
  await exit;
  clearTimeout(timer);
  closePipes(child);
}

/** Collects what a program prints; the function returned gives all of it so far. */
export function collect(child: ChildProcessWithoutNullStreams): () => { stdout: string; stderr: string } {
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  return () => ({ ...output });
}

/** Signals a program and everything that it started and that stayed in its group. */
export function endGroup(child: ChildProcessWithoutNullStreams, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // All of it has ended.
  }
}

export const cannotStart = (command: string, cause: Error): SluiceError =>
  new SluiceError({ code: 'lab/command-missing', message: `the lab needs "${command}": ${cause.message}` }, { cause });
