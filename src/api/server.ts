import { chmodSync } from 'node:fs';
import type { Socket } from 'node:net';
import fastify, { type FastifyRequest } from 'fastify';
import * as z from 'zod/mini';
import type { Applied } from '../daemon/answers.ts';
import type { Daemon } from '../daemon/daemon.ts';
import type { Rehearsed } from '../daemon/rehearse.ts';
import type { Who } from '../daemon/revision.ts';
import { whoIs } from '../daemon/who.ts';
import { type Problem, SluiceError } from '../diagnostics/problem.ts';
import { type PeerCredentials, peerCredentials } from '../kernel/index.ts';
import { differencesOnWire, MOST_FINDINGS } from './differences.ts';
import { problemToWire } from './problems.ts';
import { type AnswerTo, type Body, type ProblemOnWire, type RequestName, requests } from './schemas.ts';

/** A policy of 16 MiB, as a text in JSON and evaluated. */
const LARGEST_BODY = 64 * 1024 * 1024;

interface Asker {
  who(): Who;
  /** Aborted when the connection ends before it is answered. */
  gone(): AbortSignal;
}

type Handlers = {
  readonly [Name in RequestName]: (body: Body<Name>, asker: Asker) => AnswerTo<Name> | Promise<AnswerTo<Name>>;
};

/** Answers at the daemon's socket, to root alone. Resolves when it listens. */
export async function serveApi(daemon: Daemon): Promise<{ close(): Promise<void> }> {
  const server = fastify({ logger: false, bodyLimit: LARGEST_BODY, forceCloseConnections: true });
  const peers = new WeakMap<Socket, PeerCredentials>();
  server.server.on('connection', (socket: Socket) => {
    const peer = peerOf(socket);
    if (peer?.uid === 0) peers.set(socket, peer);
    else socket.destroy();
  });
  server.setErrorHandler((error, _request, reply) => {
    const problems = problemsOf(error).map(problemToWire);
    void reply.status(problems.some(({ code }) => code === 'internal/bug') ? 500 : 409).send({ problems });
  });
  server.setNotFoundHandler((request, reply) => {
    const message = `the daemon knows no ${request.method} ${request.url}`;
    void reply.status(404).send({ problems: [problemToWire({ code: 'daemon/bad-request', message })] });
  });
  const handlers = handlersOf(daemon);
  for (const name of Object.keys(requests) as RequestName[]) {
    const { method, url, body } = requests[name];
    server.route({
      method,
      url,
      handler: (request) => {
        const parsed = z.safeParse(body as z.ZodMiniType, request.body ?? {});
        if (!parsed.success) throw badRequest(name, parsed.error);
        const handle = handlers[name] as (body: unknown, asker: Asker) => unknown;
        const { socket } = request.raw;
        return handle(parsed.data, { who: () => whoAsks(peers.get(socket), request), gone: () => endOf(socket) });
      },
    });
  }
  await server.listen({ path: daemon.socket });
  // Until then, who is not root is turned away when connected. A umask would also be that of files written meanwhile.
  chmodSync(daemon.socket, 0o600);
  return { close: () => server.close() };
}

function endOf(socket: Socket): AbortSignal {
  const ended = new AbortController();
  if (socket.destroyed) ended.abort();
  else socket.once('close', () => ended.abort());
  return ended.signal;
}

/** Node has no call for it, and keeps the descriptor to itself. */
function peerOf(socket: Socket): PeerCredentials | undefined {
  const { _handle: handle } = socket as unknown as { readonly _handle?: { readonly fd: number } };
  return handle && handle.fd >= 0 ? peerCredentials(handle.fd) : undefined;
}

function whoAsks(peer: PeerCredentials | undefined, { body }: FastifyRequest): Who {
  if (!peer) throw new SluiceError({ code: 'kernel/no-permission', message: 'the daemon answers to root alone' });
  return whoIs(peer, (body ?? {}) as { readonly sudoUser?: string });
}

function handlersOf(daemon: Daemon): Handlers {
  return {
    status: () => {
      const { problems, differences, ...status } = daemon.status();
      return onWire({
        ...status,
        problems: problems.map(problemToWire),
        ...(differences && { differences: differencesOnWire(differences) }),
      });
    },
    history: () => {
      const { revisions, problems } = daemon.history();
      return { revisions: [...revisions], problems: problems.map(problemToWire) };
    },
    revision: ({ number }) => daemon.revision(number),
    apply: async ({ path, text, evaluated, ...rest }, { who, gone }) =>
      applied(await daemon.apply({ source: { path, text }, evaluated, ...rest, gone: gone() }, who())),
    confirm: async (body, { who }) => ({ revision: await daemon.confirm(body, who()) }),
    rollback: async (body, { who }) => applied(await daemon.rollback(body, who())),
    down: async (_body, { who }) => ({ interfaces: [...(await daemon.down(who()))] }),
    members: async ({ set, add, remove }) => ({
      changed: await daemon.changeMembers(
        add ? { set, add: add.map(withoutUndefined) } : { set, remove: remove ?? [] },
      ),
    }),
  };
}

const withoutUndefined = ({ prefix, ttlMs }: { prefix: string; ttlMs?: number | undefined }) => ({
  prefix,
  ...(ttlMs !== undefined && { ttlMs }),
});

function applied({ warnings, rehearsal, ...rest }: Applied): AnswerTo<'apply'> {
  return onWire({
    ...rest,
    warnings: warnings.map(problemToWire),
    ...(rehearsal && { rehearsal: rehearsalOnWire(rehearsal) }),
  });
}

function rehearsalOnWire({ report, impact, tookMs }: Rehearsed): NonNullable<AnswerTo<'apply'>['rehearsal']> {
  const { packets, tests, differences, unreached } = report;
  return {
    packets,
    tests: tests.length,
    tookMs,
    differences: onWire(differences.slice(0, MOST_FINDINGS)),
    differenceCount: differences.length,
    unreached: unreached.slice(0, MOST_FINDINGS).map((one) => ({ ...one })),
    unreachedCount: unreached.length,
    ...(impact && { impact: { ...impact, by: impact.by.slice(0, MOST_FINDINGS) } }),
  };
}

/** As it will be sent: dates as texts. */
function onWire<T>(value: object): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

function badRequest(name: string, { issues }: z.core.$ZodError): SluiceError {
  const [first] = issues;
  const message = `the request "${name}" is not as it should be: ${first?.path.join('.')}: ${first?.message}`;
  return new SluiceError({ code: 'daemon/bad-request', message });
}

function problemsOf(error: unknown): readonly (Problem | (Problem & ProblemOnWire))[] {
  if (error instanceof SluiceError) return error.problems;
  const { statusCode, message, name } = error as Error & { readonly statusCode?: number };
  // Of fastify: no JSON, too large.
  if (statusCode !== undefined && statusCode < 500) return [{ code: 'daemon/bad-request', message }];
  return [{ code: 'internal/bug', message: `${name}: ${message}`.replace(/\s+/g, ' ') }];
}
