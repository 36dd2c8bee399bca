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

/** Runs to the end, in a process group of its own. Throws lab/command-missing where there is no such program. */
export function run(command: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const child = start(command, args);
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

export function closePipes(child: ChildProcessWithoutNullStreams): void {
  child.stdout.destroy();
  child.stderr.destroy();
}

/** Starts a program in a process group of its own, so that what it starts can be ended with it. */
export const start = (command: string, args: readonly string[]): ChildProcessWithoutNullStreams =>
  spawn(command, args, { detached: true, stdio: 'pipe' });

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
