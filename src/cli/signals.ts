/** Resolves at the first signal that asks a process to end; from now on none of them ends it by itself. */
export function untilToldToEnd(): Promise<'signal'> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve('signal'));
  });
}
