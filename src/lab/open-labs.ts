/**
 * Labs that this process has open. However it ends (by itself, by an uncaught error, by a signal that can be caught)
 * their namespaces go with it; after a kill -9 the next lab's start removes them.
 */
const open = new Set<() => void>();
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** @param removeNow removes the lab without waiting for anything; called at most once */
export function closeAtExit(removeNow: () => void): void {
  if (open.size === 0) {
    process.on('exit', removeAll);
    for (const signal of signals) process.on(signal, onSignal);
  }
  open.add(removeNow);
}

/** The lab has been closed: nothing of it is left to be removed. */
export function closed(removeNow: () => void): void {
  if (open.delete(removeNow) && open.size === 0) stopListening();
}

function removeAll(): void {
  for (const removeNow of open) removeNow();
  open.clear();
  stopListening();
}

function onSignal(signal: NodeJS.Signals): void {
  removeAll();
  // Whoever else listens decides how the process ends; with nobody else it ends as if no one had listened.
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}

function stopListening(): void {
  process.off('exit', removeAll);
  for (const signal of signals) process.off(signal, onSignal);
}
