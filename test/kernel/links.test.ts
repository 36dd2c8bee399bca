import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { R0 } from '../../src/asm/index.ts';
import { u32, u64 } from '../../src/kernel/codec.ts';
import {
  attachClsact,
  attachTcx,
  attachXdp,
  BPF_F_XDP_HAS_FRAGS,
  type BpfMap,
  createMap,
  findClsactFilter,
  findInterface,
  inNamespace,
  linkFromId,
  listPins,
  loadProgram,
  mountBpffs,
  openDescriptorNames,
  openPinnedLink,
  openPinnedMap,
  openPinnedProgram,
  sendLiveFrames,
  unmountBpffs,
  unpin,
  xdpContext,
} from '../../src/kernel/index.ts';
import { caught } from './caught.ts';
import { assemble, constant, counting } from './programs.ts';
import { createVethPair, type VethPair } from './veth.ts';

const XDP_DROP = 1;
const XDP_PASS = 2;
const XDP_TX = 3;
const TC_ACT_OK = 0;
const TC_ACT_UNSPEC = -1;

let pins: string;
let veth: VethPair;

beforeAll(() => {
  pins = mkdtempSync(join(tmpdir(), 'kernel-test-'));
  expect(mountBpffs(pins)).toBe(true);
  expect(mountBpffs(pins)).toBe(false);
});
afterAll(() => {
  unmountBpffs(pins);
  rmSync(pins, { recursive: true });
});
beforeEach(() => {
  veth = createVethPair();
});
afterEach(() => {
  veth.remove();
  expect(openDescriptorNames()).toEqual([]);
  expect(listPins(pins)).toEqual([]);
});

const inside = <T>(action: () => T): T => inNamespace(veth.namespace, action);

/** Sends broadcast frames out of `left`, so that they come in on `right`. */
function sendFromLeft(count: number): void {
  const frame = Uint8Array.from([...new Array<number>(6).fill(0xff), 2, 0, 0, 0, 0, 1, 0x88, 0xb5, ...new Array(50)]);
  using transmit = constant('xdp', XDP_TX);
  const ingressIfindex = findInterface('left').index;
  const context = xdpContext({ ingressIfindex, frameLength: frame.length });
  sendLiveFrames(transmit, { data: frame, context, count });
}

/** Sends one echo request out of an interface; nobody answers it. */
function pingFrom(device: string): void {
  const ip = (...args: string[]) => execFileSync('ip', ['-n', veth.namespace, ...args]);
  ip('address', 'add', '192.0.2.1/24', 'dev', device);
  ip('neighbour', 'add', '192.0.2.2', 'lladdr', '02:00:00:00:00:02', 'dev', device);
  spawnSync('ip', ['netns', 'exec', veth.namespace, 'ping', '-c1', '-W0.1', '192.0.2.2']);
}

function counter(): BpfMap<number, bigint> {
  return createMap({ type: 'array', name: 'counter', key: u32, value: u64, maxEntries: 1 });
}

describe('an XDP link', () => {
  it('puts the program in the way of frames, for as long as it is open', () => {
    inside(() => {
      using frames = counter();
      using program = counting('xdp', XDP_DROP, frames.handle);
      using left = constant('xdp', XDP_PASS);
      using leftLink = attachXdp({ interface: 'left', program: left });
      expect(leftLink.mode).toBe('native');
      const link = attachXdp({ interface: 'right', program, mode: 'native' });
      sendFromLeft(1000);
      expect(frames.lookup(0)).toBe(1000n);
      expect(link.info()).toMatchObject({ type: 'xdp', programId: program.id, ifindex: findInterface('right').index });
      expect(findInterface('right').xdp).toEqual({ mode: 'native', programId: program.id });
      link.close();
      expect(findInterface('right').xdp).toBeUndefined();
    });
  });

  it('attaches in generic mode on request', () => {
    inside(() => {
      using program = constant('xdp', XDP_PASS);
      using link = attachXdp({ interface: 'right', program, mode: 'generic' });
      expect(link).toMatchObject({ mode: 'generic', fallbackReason: undefined });
      expect(findInterface('right').xdp?.mode).toBe('generic');
    });
  });

  it('falls back to generic mode where the driver has no other, and says why', () => {
    inside(() => {
      using program = constant('xdp', XDP_PASS);
      using link = attachXdp({ interface: 'lo', program });
      expect(link.mode).toBe('generic');
      expect(link.fallbackReason).toBe('its driver has no native XDP (EOPNOTSUPP)');
      const error = caught(() => attachXdp({ interface: 'lo', program, mode: 'native' }));
      expect(error.problems[0]?.code).toMatch(/interface-busy|not-supported/);
    });
  });

  it('takes jumbo frames in native mode only with a program made for fragments', () => {
    execFileSync('ip', ['-n', veth.namespace, 'link', 'set', 'left', 'mtu', '9000']);
    execFileSync('ip', ['-n', veth.namespace, 'link', 'set', 'right', 'mtu', '9000']);
    inside(() => {
      using linear = constant('xdp', XDP_PASS);
      expect(() => attachXdp({ interface: 'right', program: linear, mode: 'native' })).toThrow(
        'bpf(BPF_LINK_CREATE) on XDP link on "right": ERANGE (driver veth refuses native XDP at MTU 9000)',
      );
      const fallback = attachXdp({ interface: 'right', program: linear });
      expect(fallback).toMatchObject({ mode: 'generic', fallbackReason: expect.stringContaining('at MTU 9000') });
      fallback.close();
      const code = assemble((asm) => {
        asm.mov(R0, XDP_PASS);
        asm.exit();
      });
      using frags = loadProgram({ type: 'xdp', name: 'frags', code, flags: BPF_F_XDP_HAS_FRAGS });
      using link = attachXdp({ interface: 'right', program: frags });
      expect(link).toMatchObject({ mode: 'native', fallbackReason: undefined });
    });
  });

  it('names the program that is there already', () => {
    inside(() => {
      using first = constant('xdp', XDP_PASS, 'somebody_else');
      using second = constant('xdp', XDP_PASS);
      using _link = attachXdp({ interface: 'right', program: first });
      for (const mode of ['native', 'generic', 'auto'] as const) {
        const error = caught(() => attachXdp({ interface: 'right', program: second, mode }));
        expect(error.problems[0]?.code).toBe('kernel/interface-busy');
        expect(error.message).toBe(
          `interface "right": XDP program "somebody_else" (id ${first.id}) is attached already, in native mode`,
        );
      }
    });
  });

  it('names the interfaces that there are when one is missing', () => {
    inside(() => {
      using program = constant('xdp', XDP_PASS);
      const error = caught(() => attachXdp({ interface: 'eth9', program }));
      expect(error.problems[0]?.code).toBe('kernel/interface-missing');
      expect(error.message).toContain('there are lo, right, left');
    });
  });

  it('is updated in place, and only where the present program is the expected one', () => {
    inside(() => {
      using frames = counter();
      using old = constant('xdp', XDP_PASS, 'old');
      using next = counting('xdp', XDP_DROP, frames.handle, 'next');
      using peer = constant('xdp', XDP_PASS);
      using _peerLink = attachXdp({ interface: 'left', program: peer });
      using link = attachXdp({ interface: 'right', program: old });
      link.update(next, old);
      expect(link.info().programId).toBe(next.id);
      sendFromLeft(10);
      expect(frames.lookup(0)).toBe(10n);
      const error = caught(() => link.update(old, old));
      expect(error.problems[0]?.code).toBe('kernel/link-changed');
      link.update(old);
      using classifier = constant('sched_cls', 0);
      expect(() => link.update(classifier)).toThrow('is not of the type of the link');
    });
  });

  it('stays when pinned, and can be adopted', () => {
    inside(() => {
      const path = join(pins, 'generation-1', 'xdp-right');
      using program = constant('xdp', XDP_PASS);
      const first = attachXdp({ interface: 'right', program });
      first.pin(path);
      first.close();
      expect(findInterface('right').xdp?.programId).toBe(program.id);

      using adopted = openPinnedLink(path);
      expect(adopted.info().programId).toBe(program.id);
      using byId = linkFromId(adopted.info().id);
      expect(byId.info()).toEqual(adopted.info());
      using next = constant('xdp', XDP_DROP);
      adopted.update(next, program);
      adopted.detach();
      expect(findInterface('right').xdp).toBeUndefined();
      expect(adopted.info().ifindex).toBe(0);
      expect(() => adopted.update(program)).toThrow('the link is detached, or its interface is gone');
      unpin(path);
      rmSync(join(pins, 'generation-1'), { recursive: true });
    });
  });
});

describe('a TCX link', () => {
  it.each(['ingress', 'egress'] as const)('judges packets on %s', (direction) => {
    inside(() => {
      using packets = counter();
      using program = counting('sched_cls', TC_ACT_UNSPEC, packets.handle);
      using link = attachTcx({ interface: 'right', direction, program });
      expect(link.info()).toMatchObject({ type: 'tcx', ifindex: findInterface('right').index });
      pingFrom(direction === 'egress' ? 'right' : 'left');
      expect(packets.lookup(0)).toBeGreaterThan(0n);
    });
  });

  it('is updated in place', () => {
    inside(() => {
      using old = constant('sched_cls', TC_ACT_OK);
      using next = constant('sched_cls', TC_ACT_UNSPEC, 'next');
      using link = attachTcx({ interface: 'right', direction: 'egress', program: old, position: 'first' });
      link.update(next, old);
      expect(link.info().programId).toBe(next.id);
      expect(caught(() => link.update(old, old)).problems[0]?.code).toBe('kernel/link-changed');
    });
  });

  it('refuses a program of another type', () => {
    inside(() => {
      using program = constant('xdp', XDP_PASS);
      expect(() => attachTcx({ interface: 'right', direction: 'egress', program })).toThrow('is not a classifier');
    });
  });
});

describe('a clsact filter', () => {
  it('judges packets, is replaced, found again and detached', () => {
    inside(() => {
      const place = { interface: 'right', direction: 'egress' } as const;
      using packets = counter();
      using first = constant('sched_cls', TC_ACT_OK, 'first');
      using second = counting('sched_cls', TC_ACT_OK, packets.handle, 'second');
      const filter = attachClsact({ ...place, program: first });
      expect(filter.programId()).toBe(first.id);
      expect(caught(() => attachClsact({ ...place, program: second })).problems[0]?.code).toBe('kernel/interface-busy');
      expect(caught(() => filter.update(second, second)).problems[0]?.code).toBe('kernel/link-changed');

      const found = findClsactFilter(place);
      found?.update(second, first);
      expect(filter.programId()).toBe(second.id);
      expect(findClsactFilter({ ...place, direction: 'ingress' })).toBeUndefined();

      found?.detach();
      expect(filter.programId()).toBeUndefined();
      expect(execFileSync('tc', ['-n', veth.namespace, 'qdisc', 'show', 'dev', 'right']).toString()).not.toContain(
        'clsact',
      );
    });
  });

  it('leaves the filters of others alone', () => {
    inside(() => {
      using program = constant('sched_cls', TC_ACT_OK);
      const other = attachClsact({ interface: 'right', direction: 'ingress', priority: 7, program });
      const own = attachClsact({ interface: 'right', direction: 'ingress', program });
      own.detach();
      expect(other.programId()).toBe(program.id);
      other.detach();
    });
  });

  it('reports what the kernel says', () => {
    inside(() => {
      using program = constant('xdp', XDP_PASS);
      expect(() => attachClsact({ interface: 'right', direction: 'egress', program })).toThrow(
        /rtnetlink\(RTM_NEWTFILTER\) on clsact egress filter on "right": EINVAL/,
      );
    });
  });
});

describe('pins', () => {
  it('keep maps and programs', () => {
    const [mapPath, programPath] = [join(pins, 'a-map'), join(pins, 'a-program')];
    const map = counter();
    map.update(0, 42n);
    map.handle.pin(mapPath);
    expect(() => map.handle.pin(mapPath)).toThrow(`EEXIST (${mapPath} is taken)`);
    map.close();
    using again = openPinnedMap(mapPath);
    expect(again).toMatchObject({ type: 'array', name: 'counter', maxEntries: 1 });

    const program = constant('xdp', XDP_PASS, 'kept');
    program.pin(programPath);
    program.close();
    using kept = openPinnedProgram(programPath);
    expect(kept).toMatchObject({ type: 'xdp', name: 'kept' });
    expect(listPins(pins)).toEqual([mapPath, programPath]);
    unpin(mapPath);
    unpin(programPath);
  });

  it('need a BPF file system', () => {
    using map = counter();
    const error = caught(() => map.handle.pin(join(tmpdir(), 'not-here')));
    expect(error.problems[0]?.code).toBe('kernel/bpffs-missing');
    expect(() => openPinnedMap(join(pins, 'nothing'))).toThrow('nothing is pinned here');
  });
});
