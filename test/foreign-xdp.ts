import { createAssembler, link, patchMaps, R0, R1, R2, R3, R4, R6, R10 } from '../src/asm/index.ts';
import {
  attachXdp,
  BPF_F_MMAPABLE,
  createMapHandle,
  inNamespace,
  loadProgram,
  typedMap,
  u32,
  u64,
} from '../src/kernel/index.ts';

/** Somebody else's XDP program on an interface. */
export interface ForeignXdp {
  readonly programId: number;
  /** Frames that it has seen. */
  count(): number;
  detach(): void;
  [Symbol.dispose](): void;
}

const XDP_DROP = 1;
const XDP_PASS = 2;

/** Counts every frame, and drops those of `dropsFrom` bytes and more. */
export function attachForeignXdp(path: string, device: string, { dropsFrom = 1000, generic = false } = {}): ForeignXdp {
  const counter = createMapHandle({
    ...{ type: 'array', name: 'seen', keySize: 4, valueSize: 8, maxEntries: 1, flags: BPF_F_MMAPABLE },
  });
  const asm = createAssembler('foreign');
  asm.mov(R6, R1);
  asm.store('u32', R10, -4, 0);
  asm.loadMap(R1, 'seen');
  asm.mov(R2, R10);
  asm.add(R2, -4);
  asm.call(1);
  asm.jumpIf(R0, 'eq', 0, 'counted');
  asm.mov(R4, 1);
  asm.atomicAdd('u64', R0, 0, R4);
  asm.label('counted');
  asm.load('u32', R2, R6, 0);
  asm.load('u32', R3, R6, 4);
  asm.sub(R3, R2);
  asm.mov(R0, XDP_PASS);
  asm.jumpIf(R3, 'lt', dropsFrom, 'out');
  asm.mov(R0, XDP_DROP);
  asm.label('out');
  asm.exit();
  const code = patchMaps(link(asm.finish(), []), () => counter.fd);
  const program = loadProgram({ type: 'xdp', name: 'foreign', code });
  const held = inNamespace({ path }, () =>
    attachXdp({ interface: device, program, mode: generic ? 'generic' : 'auto' }),
  );
  const values = typedMap(counter, u32, u64);
  let isThere = true;
  const detach = (): void => {
    if (!isThere) return;
    isThere = false;
    held.detach();
    for (const one of [held, program, counter]) one.close();
  };
  return {
    programId: program.id,
    count: () => Number(values.lookup(0)),
    detach,
    [Symbol.dispose]: detach,
  };
}
