import { type Problem, SluiceError } from '../../diagnostics/problem.ts';

/** One packet of a capture, as an Ethernet frame. */
export interface ReplayedPacket {
  /** Its number in the capture, from 1. */
  readonly number: number;
  readonly frame: Uint8Array;
  /** Bytes that it had on the wire. */
  readonly wireLength: number;
  /** When it was captured, Unix time; undefined where the capture does not say. */
  readonly timeMs?: number;
}

/**
 * Hands every packet of the capture to `visit`, and waits where that returns a promise. What is wrong with the capture
 * behind its last good packet is returned: what came before it has been judged and is worth an answer.
 */
export async function eachPacket(
  capture: string,
  visit: (packet: ReplayedPacket) => Promise<void> | undefined,
): Promise<readonly Problem[]> {
  const [{ readCaptureFile }, { toEthernet }] = await Promise.all([
    import('../../packet/capture.ts'),
    import('../../packet/link-type.ts'),
  ]);
  const records = readCaptureFile(capture);
  try {
    for (;;) {
      const next = attempt(() => records.next());
      if ('problems' in next) return next.problems;
      if (next.value.done) return [];
      const record = next.value.value;
      const frame = attempt(() => toEthernet(record));
      if ('problems' in frame) return frame.problems;
      const { bytes, frameLength: wireLength } = frame.value;
      const time = record.timestampNs === 0n ? undefined : { timeMs: Number(record.timestampNs) / 1e6 };
      const wait = visit({ number: record.index, frame: bytes, wireLength, ...time });
      if (wait) await wait;
    }
  } finally {
    records.return(undefined);
  }
}

/** Only the capture's own errors are caught, not those of `visit`. */
function attempt<T>(read: () => T): { readonly value: T } | { readonly problems: readonly Problem[] } {
  try {
    return { value: read() };
  } catch (error) {
    if (error instanceof SluiceError) return { problems: error.problems };
    throw error;
  }
}
