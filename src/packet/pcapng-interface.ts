/** What an interface description block says that packets need. */
export interface CaptureInterface {
  readonly linkType: number;
  /** Bytes kept of a packet at most; 0: all. */
  readonly snapLength: number;
  /** A packet's timestamp in nanoseconds since 1970. */
  toNs(timestamp: bigint): bigint;
}

const Option = { END: 0, TIMESTAMP_RESOLUTION: 9, TIMESTAMP_OFFSET: 14 } as const;
const MICROSECONDS = 6;
const NS_PER_SECOND = 1_000_000_000n;

/** `body`: of the block, at least 8 bytes. An option cut short ends the options. */
export function readInterface(body: DataView, littleEndian: boolean): CaptureInterface {
  let unit: Unit = decimal(MICROSECONDS);
  let offsetNs = 0n;
  for (const { code, value } of options(body, 8, littleEndian)) {
    if (code === Option.TIMESTAMP_RESOLUTION && value.byteLength >= 1) unit = unitOf(value.getUint8(0));
    if (code === Option.TIMESTAMP_OFFSET && value.byteLength >= 8) {
      offsetNs = value.getBigInt64(0, littleEndian) * NS_PER_SECOND;
    }
  }
  const { numerator, denominator } = unit;
  return {
    linkType: body.getUint16(0, littleEndian),
    snapLength: body.getUint32(4, littleEndian),
    toNs: (timestamp) => (timestamp * numerator) / denominator + offsetNs,
  };
}

/** Nanoseconds a tick, as a fraction. */
interface Unit {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** if_tsresol: a negative power, of 2 where the high bit is set, else of 10. */
function unitOf(resolution: number): Unit {
  const power = resolution & 0x7f;
  return resolution & 0x80 ? { numerator: NS_PER_SECOND, denominator: 1n << BigInt(power) } : decimal(power);
}

function decimal(power: number): Unit {
  return power <= 9
    ? { numerator: 10n ** BigInt(9 - power), denominator: 1n }
    : { numerator: 1n, denominator: 10n ** BigInt(power - 9) };
}

function* options(body: DataView, start: number, littleEndian: boolean): Generator<{ code: number; value: DataView }> {
  for (let at = start; at + 4 <= body.byteLength; ) {
    const code = body.getUint16(at, littleEndian);
    const length = body.getUint16(at + 2, littleEndian);
    if (code === Option.END || at + 4 + length > body.byteLength) return;
    yield { code, value: new DataView(body.buffer, body.byteOffset + at + 4, length) };
    at += 4 + Math.ceil(length / 4) * 4;
  }
}
