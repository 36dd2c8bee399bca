import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** A server on loopback that answers every path with what the test wants at the moment. */
export interface FeedServer {
  readonly url: string;
  /** In order. */
  readonly requests: readonly { readonly path: string; readonly headers: IncomingMessage['headers'] }[];
  answer(listener: RequestListener): void;
  /** Answers with a text; with the status of a list where left out. */
  send(text: string | Buffer, headers?: Readonly<Record<string, string>>, status?: number): void;
  close(): Promise<void>;
}

export async function startFeedServer(
  create: (listener: RequestListener) => Server | SecureServer = createServer,
  host = '127.0.0.1',
): Promise<FeedServer> {
  const requests: { path: string; headers: IncomingMessage['headers'] }[] = [];
  let listener: RequestListener = (_, response) => response.writeHead(404).end();
  const server = create((request: IncomingMessage, response: ServerResponse) => {
    requests.push({ path: request.url ?? '', headers: request.headers });
    listener(request, response as never);
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const scheme = create === createServer ? 'http' : 'https';
  const { port } = server.address() as AddressInfo;
  return {
    url: `${scheme}://${host}:${port}`,
    requests,
    answer: (next) => {
      listener = next;
    },
    send: (text, headers = { 'content-type': 'text/plain' }, status = 200) => {
      listener = (_, response) => response.writeHead(status, headers).end(text);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
