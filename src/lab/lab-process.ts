import { SluiceError } from '../diagnostics/problem.ts';
import { cannotStart, collect, end, type Running, start } from './command.ts';

/** A program that runs inside a host until it is stopped, or the lab is closed. */
export interface LabProcess {
  readonly pid: number;
  /** What it has printed so far. */
  output(): { readonly stdout: string; readonly stderr: string };
  /** Resolves when its standard output or error holds the text. Throws lab/not-ready after the time, or at its end. */
  printed(text: string | RegExp, timeoutMs?: number): Promise<void>;
  /** SIGTERM (or the signal given) to it and what it started; SIGKILL after two seconds. Resolves when it has ended. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Resolves with the exit status when it ends; null where a signal ended it. */
  readonly ended: Promise<number | null>;
}

/** Starts `command`; `name` is what errors call it. */
export async function startProcess(
  running: Running,
  name: string,
  command: string,
  args: readonly string[],
): Promise<LabProcess> {
  const child = start(running, command, args);
  child.stdin.end();
  const output = collect(child);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => reject(cannotStart(command, cause)));
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));

  const printed = (text: string | RegExp, timeoutMs = 5_000) =>
    new Promise<void>((resolve, reject) => {
      const holds = () => {
        const { stdout, stderr } = output();
        return [stdout, stderr].some((printed) =>
          typeof text === 'string' ? printed.includes(text) : text.test(printed),
        );
      };
      const settle = (act: () => void) => {
        clearTimeout(timer);
        child.stdout.off('data', look);
        child.stderr.off('data', look);
        act();
      };
      const look = () => holds() && settle(resolve);
      const giveUp = () => settle(() => (holds() ? resolve() : reject(notReady(name, text, output().stderr))));
      const timer = setTimeout(giveUp, timeoutMs);
      child.stdout.on('data', look);
      child.stderr.on('data', look);
      ended.then(giveUp);
      look();
    });

  return { pid: child.pid as number, output, printed, stop: (signal) => end(child, signal), ended };
}

const notReady = (name: string, text: string | RegExp, stderr: string): SluiceError =>
  new SluiceError({
    code: 'lab/not-ready',
    message: `${name} did not print ${text}${stderr === '' ? '' : `; it said: ${stderr.trim()}`}`,
  });
