/** Characters that are collected before they are written: a system call a line would cost more than its judgement. */
const CHUNK = 64 * 1024;

export interface LineWriter {
  /** Takes lines, line feeds included. A promise is to be awaited before more is added; mostly there is none. */
  add(lines: string): Promise<void> | undefined;
  /** Writes what is left. */
  end(): Promise<void>;
}

export function createLineWriter(write: (text: string) => Promise<void>): LineWriter {
  let pending = '';
  const flush = (): Promise<void> => {
    const text = pending;
    pending = '';
    return write(text);
  };
  return {
    add(lines) {
      pending += lines;
      return pending.length < CHUNK ? undefined : flush();
    },
    end: flush,
  };
}
