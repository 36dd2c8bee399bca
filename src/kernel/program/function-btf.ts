import { bpf } from '../system/bpf.ts';
import { btfLoadAttr } from '../system/bpf-attr.ts';
import { type Descriptor, ownDescriptor } from '../system/descriptor.ts';
import type { ProgramBtf } from './load.ts';

export interface NamedFunction {
  readonly name: string;
  /** Its first slot in the program. */
  readonly slot: number;
  /** Of a function that the kernel verifies by itself: how many numbers of 64 bits it takes. */
  readonly numbers?: number;
}

/** As `include/uapi/linux/btf.h` numbers them. */
const kinds = { INT: 1, FUNC: 12, FUNC_PROTO: 13 } as const;
const MAGIC = 0xeb9f;
const VERSION = 1;
const HEADER_SIZE = 24;
const SIGNED = 1;
const INT_BITS = 32;
const LONG_BITS = 64;

const [INT_ID, LONG_ID, PROTO_ID] = [1, 2, 3];
/** The prototypes of functions that take one number, two, up to five. */
const FIRST_NUMBERS_ID = PROTO_ID + 1;
const MOST_NUMBERS = 5;
const FIRST_FUNCTION_ID = FIRST_NUMBERS_ID + MOST_NUMBERS;
/** In the place of a count of members: the kernel verifies the function by itself. */
const GLOBAL = 1;

/** `struct bpf_func_info`: slot and type. */
const RECORD_SIZE = 8;

/**
 * Tells the kernel the names of a program's functions, in program order, and that each returns an int. Without that
 * only the entry function may make tail calls. The kernel keeps what it needs: close it once the program is loaded.
 */
export function loadFunctionBtf(functions: readonly NamedFunction[]): ProgramBtf & Descriptor {
  const btf = encodeBtf(functions);
  const fd = bpf('BPF_BTF_LOAD', btfLoadAttr.encode({ btf, btf_size: btf.length }), 'BTF of functions');
  const records = functions.flatMap(({ slot }, index) => [slot, FIRST_FUNCTION_ID + index]);
  const descriptor = ownDescriptor(fd, 'BTF of functions');
  return Object.assign(descriptor, { functions: { recordSize: RECORD_SIZE, records: words(records) } });
}

/** A BTF object of its own: prototypes that return an int, and a function a name: static where it takes no numbers. */
function encodeBtf(functions: readonly NamedFunction[]): Uint8Array {
  let strings = '\0';
  const stringOffset = (text: string): number => {
    const offset = strings.length;
    strings += `${text}\0`;
    return offset;
  };
  const prototypeOf = (numbers: number): number[] => [
    ...[0, (kinds.FUNC_PROTO << 24) | numbers, INT_ID],
    ...Array.from({ length: numbers }, (_, i) => [stringOffset(`number${i}`), LONG_ID]).flat(),
  ];
  const types = words([
    ...[stringOffset('int'), kinds.INT << 24, INT_BITS / 8, (SIGNED << 24) | INT_BITS],
    ...[stringOffset('long'), kinds.INT << 24, LONG_BITS / 8, (SIGNED << 24) | LONG_BITS],
    ...[0, kinds.FUNC_PROTO << 24, INT_ID],
    ...Array.from({ length: MOST_NUMBERS }, (_, i) => prototypeOf(i + 1)).flat(),
    ...functions.flatMap(({ name, numbers }) => [
      stringOffset(name),
      (kinds.FUNC << 24) | (numbers === undefined ? 0 : GLOBAL),
      numbers === undefined ? PROTO_ID : FIRST_NUMBERS_ID + numbers - 1,
    ]),
  ]);
  const header = words([MAGIC | (VERSION << 16), HEADER_SIZE, 0, types.length, types.length, strings.length]);
  return Uint8Array.of(...header, ...types, ...new TextEncoder().encode(strings));
}

/** Little endian, 32 bits each. */
function words(numbers: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(numbers.length * 4));
  for (const [index, number] of numbers.entries()) view.setUint32(index * 4, number, true);
  return new Uint8Array(view.buffer);
}
