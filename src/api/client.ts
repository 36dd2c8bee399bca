import { request } from 'node:http';
import * as z from 'zod/mini';
import { daemonHere, daemonSocket } from '../daemon/instance.ts';
import { SluiceError } from '../diagnostics/problem.ts';
import type { SourceText } from '../diagnostics/source.ts';
import { problemFromWire } from './problems.ts';
import { type AnswerTo, type Body, failure, type RequestName, requests } from './schemas.ts';

/** What the daemon of a network namespace answers. */
export interface DaemonClient {
  /**
   * @param options.source a file that the request is about: problems show its lines
   * @throws SluiceError what the daemon says is wrong; daemon/not-running, daemon/no-answer, daemon/connection-lost,
   *   daemon/bad-request
   */
  ask<Name extends RequestName>(name: Name, body: Body<Name>, options?: AskOptions): Promise<AnswerTo<Name>>;
}

export interface AskOptions {
  readonly source?: SourceText & { readonly sentAs: string };
  readonly timeoutMs?: number;
}

/** A hundred thousand rules take some seconds. */
const CHANGE_TIMEOUT_MS = 120_000;
const QUESTION_TIMEOUT_MS = 5000;

/** For the daemon of the thread's network namespace. Nothing is asked yet. */
export function createDaemonClient(): DaemonClient {
  const socketPath = daemonSocket();
  return {
    async ask(name, body, { source, timeoutMs } = {}) {
      const { method, url, answer } = requests[name];
      const limit = timeoutMs ?? (method === 'GET' ? QUESTION_TIMEOUT_MS : CHANGE_TIMEOUT_MS);
      const { status, text } = await exchange(socketPath, { method, url, body, timeoutMs: limit });
      const said = parseJson(text);
      if (status !== 200) {
        const failed = z.safeParse(failure, said);
        if (!failed.success) throw misunderstood(url);
        throw new SluiceError(failed.data.problems.map((one) => problemFromWire(one, source)));
      }
      const parsed = z.safeParse(answer as z.ZodMiniType, said);
      if (!parsed.success) throw misunderstood(url);
      return parsed.data as AnswerTo<typeof name>;
    },
  };
}

/** A client where a daemon runs in the thread's network namespace, which may hang; else undefined. */
export function daemonIfRunning(): DaemonClient | undefined {
  return daemonHere() === undefined ? undefined : createDaemonClient();
}

interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly body: unknown;
  readonly timeoutMs: number;
}

function exchange(socketPath: string, { method, url, body, timeoutMs }: Exchange): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const content = method === 'GET' ? '' : JSON.stringify(body);
    const headers = { ...(content && { 'content-type': 'application/json' }), connection: 'close' };
    let isConnected = false;
    const fail = (error: Error): void => {
      clearTimeout(timer);
      if (error instanceof SluiceError) reject(error);
      else reject(isConnected ? connectionLost() : notConnected(socketPath, error));
    };
    const sent = request({ socketPath, method, path: url, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', fail);
      response.on('end', () => {
        clearTimeout(timer);
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') });
      });
    });
    const timer = setTimeout(() => sent.destroy(noAnswer(socketPath, timeoutMs)), timeoutMs);
    sent.on('socket', (socket) =>
      socket.once('connect', () => {
        isConnected = true;
      }),
    );
    sent.on('error', fail);
    sent.end(content);
  });
}

interface Reply {
  readonly status: number;
  readonly text: string;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function notConnected(socket: string, { code }: NodeJS.ErrnoException): SluiceError {
  if (code === 'EACCES' || code === 'EPERM') {
    return new SluiceError({
      code: 'kernel/no-permission',
      message: `${socket}: ${code} (user ${process.geteuid?.()} may not speak to the daemon)`,
      help: 'Run as root.',
    });
  }
  return new SluiceError({
    code: 'daemon/not-running',
    message: `no daemon runs here (socket ${socket})`,
    help: 'Start it with `systemctl start sluice` or `sluice run`.',
  });
}

const noAnswer = (socket: string, timeoutMs: number): SluiceError =>
  new SluiceError({
    code: 'daemon/no-answer',
    message: `the daemon at ${socket} has not answered within ${timeoutMs / 1000} s`,
  });

const connectionLost = (): SluiceError =>
  new SluiceError({ code: 'daemon/connection-lost', message: 'the daemon ended before it had answered' });

const misunderstood = (url: string): SluiceError =>
  new SluiceError({
    code: 'daemon/bad-request',
    message: `the daemon answered ${url} with what this command cannot read`,
  });
