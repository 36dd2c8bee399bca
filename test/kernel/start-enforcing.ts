import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Another process that enforces a policy. */
export interface EnforcingProcess {
  readonly pid: number;
  /** All that it has printed. */
  output(): string;
  /** Tells it to take the policy down. Resolves when it has ended. */
  stop(): Promise<void>;
  /** As `kill -9` does. Resolves when it has ended. */
  kill(): Promise<void>;
}

/**
 * Starts a process that enforces, and waits until the policy is in force or is refused.
 * @param namespace path of its file
 * @param options.user number of the user that it gives its rights up for
 * @param options.under a command that runs the rest of its command line
 */
export async function startEnforcing(
  namespace: string,
  policy: string,
  options: { readonly user?: number; readonly under?: readonly string[] } = {},
): Promise<EnforcingProcess> {
  const program = fileURLToPath(new URL('enforcing-process.ts', import.meta.url));
  const user = options.user === undefined ? [] : [String(options.user)];
  const line = [...(options.under ?? []), process.execPath, '--import', 'tsx', program, namespace, policy, ...user];
  const child = spawn(line[0] as string, line.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let output = '';
  const ready = new Promise<void>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.includes('in force\n')) resolve();
    });
  });
  await Promise.race([ready, ended]);
  return {
    pid: child.pid as number,
    output: () => output,
    stop: () => {
      child.stdin.write('stop\n');
      return ended;
    },
    kill: () => {
      child.kill('SIGKILL');
      return ended;
    },
  };
}
