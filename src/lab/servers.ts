/**
 * Programs that hosts of a lab run, as text for `node --eval`: a bundle has no second file to start. Each listens on
 * both families and prints `ready` when it does.
 */

/** Answers every request with one line, `hello from NAME`. */
export const httpServer = (name: string, port: number): string => `
  require('node:http')
    .createServer((request, response) => response.end(${JSON.stringify(`hello from ${name}\n`)}))
    .listen(${port}, '::', () => console.log('ready'));
`;

/** Sends back what it gets, over TCP and UDP. */
export const echoServer = (port: number): string => `
  let listening = 0;
  const ready = () => ++listening === 2 && console.log('ready');
  require('node:net')
    .createServer((socket) => socket.on('error', () => socket.destroy()).pipe(socket))
    .listen(${port}, '::', ready);
  const udp = require('node:dgram').createSocket('udp6');
  udp.on('message', (message, from) => udp.send(message, from.port, from.address));
  udp.bind(${port}, '::', ready);
`;
