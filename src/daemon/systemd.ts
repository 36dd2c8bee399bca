import { sendDatagram } from '../kernel/index.ts';

/** Tells systemd how far the service is: sd_notify(3). Without systemd, nobody. */
export function notifySystemd(state: 'READY=1' | 'STOPPING=1'): void {
  const { NOTIFY_SOCKET: socket } = process.env;
  if (socket) sendDatagram(socket, state);
}
