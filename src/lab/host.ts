import { SluiceError } from '../diagnostics/problem.ts';
import { type CommandOptions, type CommandResult, type Running, run } from './command.ts';
import { type LabProcess, startProcess } from './lab-process.ts';
import { namespacePath } from './namespaces.ts';
import { echoServer, httpServer } from './servers.ts';
import { type WiredDevice, withoutPrefixLength } from './topology.ts';

/** One host of a lab: a network namespace. */
export interface LabHost {
  readonly name: string;
  /** As `ip netns list` shows it. */
  readonly namespace: string;
  /** The namespace's file, for setns(2). */
  readonly path: string;
  readonly devices: readonly WiredDevice[];
  /** The first address of the family on the device (default: on any), without prefix length. */
  address(family: 4 | 6, device?: string): string;
  /** Runs a command to its end. A status other than 0 is a result, not an error. */
  exec(command: string, args?: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** Starts a command that runs until it is stopped or the lab is closed. */
  spawn(command: string, args?: readonly string[]): Promise<LabProcess>;
  /** An HTTP server that answers `hello from NAME`, on both families; resolves when it listens. */
  serveHttp(port: number): Promise<LabProcess>;
  /** A TCP and UDP echo server, on both families; resolves when it listens. */
  serveEcho(port: number): Promise<LabProcess>;
}

/** @param running gets every program that is started, for the lab to end it */
export function createHost(
  name: string,
  namespace: string,
  devices: readonly WiredDevice[],
  running: Running,
): LabHost {
  const path = namespacePath(namespace);
  // nsenter and not `ip netns exec`: the latter makes a mount namespace too, where pinned objects cannot be seen.
  const inside = (command: string, args: readonly string[]) => [`--net=${path}`, '--', command, ...args];

  const spawn = (command: string, args: readonly string[] = []) =>
    startProcess(running, `${command} in ${name}`, 'nsenter', inside(command, args));
  const serve = async (program: string) => {
    const server = await spawn(process.execPath, ['--eval', program]);
    await server.printed('ready');
    return server;
  };

  return {
    name,
    namespace,
    path,
    devices,
    address(family, device) {
      const found = devices
        .filter((end) => device === undefined || end.device === device)
        .flatMap((end) => end.addresses)
        .find((address) => address.includes(':') === (family === 6));
      if (found !== undefined) return withoutPrefixLength(found);
      const where = device === undefined ? name : `${name}/${device}`;
      throw new SluiceError({ code: 'lab/not-in-topology', message: `${where} has no IPv${family} address` });
    },
    exec: (command, args = [], options = {}) => run(running, 'nsenter', inside(command, args), options),
    spawn,
    serveHttp: (port) => serve(httpServer(name, port)),
    serveEcho: (port) => serve(echoServer(port)),
  };
}
