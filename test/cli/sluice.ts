import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const command = resolve('bin/sluice');

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** As a user without any rights. */
  readonly unprivileged?: boolean;
}

/** Runs the built command to its end. */
export function sluice(args: readonly string[], { cwd, env, unprivileged }: RunOptions = {}): Outcome {
  const nobody = 65_534;
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    env: { ...environment(), ...env },
    ...(cwd !== undefined && { cwd }),
    ...(unprivileged && { uid: nobody, gid: nobody }),
  });
  return { status, stdout, stderr };
}

function environment(): NodeJS.ProcessEnv {
  const { NO_COLOR: _, ...rest } = process.env;
  return rest;
}

/** A command that runs until it is told to end. */
export interface Running {
  readonly child: ChildProcess;
  /** What it has printed so far. */
  stdout(): string;
  stderr(): string;
  /** Resolves when standard output has matched; rejects when the command ends before. */
  printed(pattern: RegExp): Promise<void>;
  readonly ended: Promise<Outcome & { readonly signal: NodeJS.Signals | null }>;
}

export const startSluice = (args: readonly string[], cwd: string): Running =>
  startCommand([process.execPath, command, ...args], cwd);

/** @param line a command and its arguments, of which `sluice` may be some */
export function startCommand(
  [program = '', ...args]: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv = {},
): Running {
  const child = spawn(program, args, { cwd, env: { ...environment(), ...env } });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
      child.emit('output');
    });
  }
  const ended = new Promise<Awaited<Running['ended']>>((resolve) => {
    child.on('close', (status, signal) => resolve({ status, signal, ...output }));
  });
  return {
    child,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    ended,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (pattern.test(output.stdout)) resolve();
        };
        child.on('output', look);
        child.on('close', () => reject(new Error(`ended without ${pattern}: ${output.stdout}${output.stderr}`)));
        look();
      }),
  };
}

/** A folder for a test's files, readable by all. */
export interface Folder {
  readonly path: string;
  write(name: string, content: string | Uint8Array): void;
  remove(): void;
}

export function createFolder(files: Readonly<Record<string, string | Uint8Array>> = {}): Folder {
  const path = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
  spawnSync('chmod', ['755', path]);
  const write: Folder['write'] = (name, content) => writeFileSync(join(path, name), content);
  for (const [name, content] of Object.entries(files)) write(name, content);
  return { path, write, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Line numbers count: tests name the lines of rules. */
export const policy = `version: 1
interfaces: [eth0]
sets:
  admins: [203.0.113.0/24, "2001:db8:ad::/48"]
  blocked: { file: blocked.txt }
prefilter:
  - { name: blocklist, from: "@blocked", action: drop }
ingress:
  default: drop
  rules:
    - { name: ssh, protocol: tcp, from: "@admins", port: 22, action: allow }
    - { name: ping, protocol: icmp, icmpType: echo-request, action: allow }
    - { name: telnet, protocol: tcp, port: 23, action: reject }
    - { name: replies, protocol: tcp, tcpFlags: [ack], action: allow }
egress:
  default: allow
`;

export const policyFiles = { 'policy.yaml': policy, 'blocked.txt': '198.51.100.0/24\n' };

/** Rules that overlap and do not decide, so that a packet is asked about all that it matches: costly. */
export const slowPolicy = `version: 1
interfaces: [eth0]
ingress:
  rules:
${Array.from({ length: 600 }, (_, i) => `    - { name: slow-${i}, protocol: tcp, port: ${i}-${40_000 + i}, action: count }\n`).join('')}`;
