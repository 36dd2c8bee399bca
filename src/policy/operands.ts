import type { Action } from './checked.ts';
import type { Test } from './lower.ts';
import { testsKey } from './tests-key.ts';

/**
 * What rules of one kind have each for itself: numbers that their code reads from the row of the rule that it runs for,
 * so that a thousand rules that differ in nothing else are one piece of code.
 */
export interface Operands {
  /** With `operand` where the code is to read: the first word in the row. */
  readonly tests: readonly Test[];
  /** The first word of the action's. */
  readonly action?: number;
  readonly words: readonly bigint[];
  /** The same for rules that have the same code. */
  readonly key: string;
}

/** Takes the numbers out of what a rule asks and does. */
export function takeOperands(tests: readonly Test[], action: Action): Operands {
  const words: bigint[] = [];
  const take = (...more: bigint[]): number => words.push(...more) - more.length;
  const taken = tests.map((test): Test => {
    if (test.kind === 'in-ranges' && test.ranges.length === 1) {
      const [lo, hi] = test.ranges[0] as readonly [number, number];
      return { ...test, operand: take(BigInt(lo) | (BigInt(hi) << 32n)) };
    }
    if (test.kind === 'payload') {
      const { bytes, mask } = test.match;
      return { ...test, operand: take(...piecesOf(mask.length).flatMap((piece) => wordsOf(piece, bytes, mask))) };
    }
    return test;
  });
  const ofAction = operandsOf(action);
  const asked = taken.map(keyOf).join(';');
  if (ofAction.length === 0) return { tests: taken, words, key: `${JSON.stringify(action)} ${asked}` };
  return { tests: taken, action: take(...ofAction), words, key: `${action.kind} ${asked}` };
}

function keyOf(test: Test): string {
  if (test.kind === 'in-ranges' && test.operand !== undefined) return `${test.field.name} #${test.operand}`;
  if (test.kind !== 'payload' || test.operand === undefined) return testsKey([test]);
  const { base, offset, bytes } = test.match;
  return `${base}+${offset}:${bytes.length} #${test.operand}`;
}

/** A part of a payload that is compared at once. */
export interface Piece {
  readonly at: number;
  readonly bytes: 8 | 4 | 2 | 1;
}

/** The largest pieces that make so many bytes. */
export function piecesOf(length: number): Piece[] {
  const pieces: Piece[] = [];
  for (let at = 0; at < length; ) {
    const bytes = ([8, 4, 2, 1] as const).find((size) => size <= length - at) as Piece['bytes'];
    pieces.push({ at, bytes });
    at += bytes;
  }
  return pieces;
}

/** The mask, and what the packet's bytes have to be below it, in host byte order. */
export function wordsOf({ at, bytes: length }: Piece, bytes: Uint8Array, mask: Uint8Array): readonly [bigint, bigint] {
  const below = bigEndian(mask.subarray(at, at + length));
  return [below, bigEndian(bytes.subarray(at, at + length)) & below];
}

const bigEndian = (bytes: Uint8Array): bigint => bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);

/** The interval between events and how far they may run ahead, or the mark. */
export function operandsOf(action: Action): readonly bigint[] {
  if (action.kind === 'mark') return [BigInt(action.mark)];
  if (action.kind !== 'log') return [];
  const interval = BigInt(Math.round(1e9 / action.ratePerSecond));
  return [interval, interval * BigInt(Math.max(0, action.burst - 1))];
}

/** Rows of words, one for each rule from the first to the last that has any. */
export interface OperandTable {
  readonly map: string;
  /** Index of the rule that the first row is for. */
  readonly firstRule: number;
  /** A power of two. */
  readonly rows: number;
  /** Words of a row. */
  readonly width: number;
  readonly words: BigUint64Array;
}

export function operandTable(map: string, rowOf: ReadonlyMap<number, readonly bigint[]>): OperandTable {
  let [firstRule, last, width] = [Number.POSITIVE_INFINITY, 0, 1];
  for (const [rule, words] of rowOf) {
    firstRule = Math.min(firstRule, rule);
    last = Math.max(last, rule);
    width = Math.max(width, words.length);
  }
  const rows = 2 ** Math.ceil(Math.log2(last - firstRule + 1));
  const words = new BigUint64Array(rows * width);
  for (const [rule, row] of rowOf) words.set(row, (rule - firstRule) * width);
  return { map, firstRule, rows, width, words };
}
