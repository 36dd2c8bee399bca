import { afterEach, describe, expect, it } from 'vitest';
import { kernelFunctions, R0, R1, R2, R3, R6, R10 } from '../../src/asm/index.ts';
import { u32, u64 } from '../../src/kernel/codec.ts';
import {
  createMap,
  createRingBuffer,
  loadProgram,
  type MapHandle,
  openDescriptorNames,
  openMappings,
  type Program,
  readRingBuffer,
  recordsOf,
  testRun,
} from '../../src/kernel/index.ts';
import { assemble } from './programs.ts';

const frame = new Uint8Array(64);
const SIZE = 20;

afterEach(() => {
  expect(openDescriptorNames()).toEqual([]);
  expect(openMappings()).toBe(0);
});

/**
 * A program that counts its runs in the first entry of `counter` and writes the count in a record of 20 bytes. It
 * discards the record of every third run, and returns 1 when there was no room.
 */
function writer(events: MapHandle, counter: MapHandle): Program {
  const code = assemble(
    (asm) => {
      asm.store('u32', R10, -4, 0);
      asm.loadMap(R1, 'counter');
      asm.mov(R2, R10);
      asm.add(R2, -4);
      asm.call(kernelFunctions.map_lookup_elem);
      asm.jumpIf(R0, 'eq', 0, 'full');
      asm.load('u64', R6, R0, 0);
      asm.add(R6, 1);
      asm.store('u64', R0, 0, R6);
      asm.loadMap(R1, 'events');
      asm.mov(R2, SIZE);
      asm.mov(R3, 0);
      asm.call(kernelFunctions.ringbuf_reserve);
      asm.jumpIf(R0, 'eq', 0, 'full');
      for (const offset of [8, 12, 16]) asm.store('u32', R0, offset, 0);
      asm.store('u64', R0, 0, R6);
      asm.mov(R1, R0);
      asm.mov(R2, 0);
      asm.mod(R6, 3);
      asm.jumpIf(R6, 'eq', 0, 'discard');
      asm.call(kernelFunctions.ringbuf_submit);
      asm.mov(R0, 0);
      asm.exit();
      asm.label('discard');
      asm.call(kernelFunctions.ringbuf_discard);
      asm.mov(R0, 0);
      asm.exit();
      asm.label('full');
      asm.mov(R0, 1);
      asm.exit();
    },
    { events, counter },
  );
  return loadProgram({ type: 'sched_cls', name: 'writer', code });
}

function open(bytes: number) {
  const events = createRingBuffer({ name: 'events', bytes });
  const counter = createMap({ type: 'array', name: 'counter', key: u32, value: u64, maxEntries: 1 });
  const program = writer(events, counter.handle);
  const reader = readRingBuffer(events);
  const write = (count: number) => {
    const before = Number(counter.lookup(0));
    const { returnValue } = testRun(program, { data: frame, repeat: count });
    const written = Array.from({ length: count }, (_, index) => before + index + 1).filter((n) => n % 3 !== 0);
    return { returnValue, written };
  };
  const close = () => {
    for (const one of [reader, program, counter, events]) one.close();
  };
  return { reader, write, [Symbol.dispose]: close };
}

const numberIn = (record: DataView) => Number(record.getBigUint64(0, true));

describe('a ring buffer', () => {
  it('hands on records in order, without those that were discarded', () => {
    using ring = open(4096);
    expect(ring.reader.capacity).toBe(4096);
    const { written } = ring.write(10);
    const read: number[] = [];
    expect(ring.reader.pendingBytes).toBe(10 * 32);
    const count = ring.reader.drain((record) => {
      expect(record.byteLength).toBe(SIZE);
      read.push(numberIn(record));
    });
    expect(count).toBe(written.length);
    expect(read).toEqual(written);
    expect(ring.reader.drain(() => {})).toBe(0);
    expect(ring.reader.pendingBytes).toBe(0);
  });

  it('goes round its end many times', () => {
    using ring = open(4096);
    const [read, written]: [number[], number[]] = [[], []];
    for (let round = 0; round < 50; round++) {
      written.push(...ring.write(97).written);
      ring.reader.drain((record) => read.push(numberIn(record)));
    }
    expect(read).toEqual(written);
  });

  it('takes no more records than it has room for, and does again once read', () => {
    using ring = open(4096);
    expect(ring.write(1000).returnValue).toBe(1);
    expect(ring.reader.pendingBytes).toBeGreaterThan(4096 - 2 * 32);
    ring.reader.drain(() => {});
    expect(ring.write(1).returnValue).toBe(0);
  });

  it('goes on behind a record whose reader threw', () => {
    using ring = open(4096);
    const { written } = ring.write(5);
    expect(() =>
      ring.reader.drain(() => {
        throw new Error('bad record');
      }),
    ).toThrow('bad record');
    const read: number[] = [];
    ring.reader.drain((record) => read.push(numberIn(record)));
    expect(read).toEqual(written.slice(1));
  });

  it('wakes a subscriber', async () => {
    using ring = open(4096);
    const first = await new Promise<number>((resolve) => {
      const stop = ring.reader.subscribe((record) => {
        stop();
        resolve(numberIn(record));
      });
      ring.write(1);
    });
    expect(first).toBe(1);
  });

  it('can be read record by record', async () => {
    using ring = open(4096);
    const abort = new AbortController();
    const { written } = ring.write(4);
    const read: number[] = [];
    for await (const value of recordsOf(ring.reader, u64, abort.signal)) {
      read.push(Number(value));
      if (read.length === 6) abort.abort();
      else if (read.length === written.length) written.push(...ring.write(4).written);
    }
    expect(read).toEqual(written);
  });

  it('ends its subscriptions when closed', async () => {
    const ring = open(4096);
    ring.reader.subscribe(() => {});
    ring[Symbol.dispose]();
    expect(() => ring.reader.drain(() => {})).not.toThrow();
  });
});
