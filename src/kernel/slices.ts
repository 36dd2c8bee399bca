/** Work that lets the event loop go on every few milliseconds. */
export function createSlices(ms: number): { isOver(): boolean; next(): Promise<void> } {
  let end = performance.now() + ms;
  return {
    isOver: () => performance.now() >= end,
    async next() {
      await new Promise((resolve) => setImmediate(resolve));
      end = performance.now() + ms;
    },
  };
}
