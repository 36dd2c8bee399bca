import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createAssembler, link, R0 } from '../../src/asm/index.ts';
import { type ApplyStep, readEnforcement, takeDown } from '../../src/datapath/index.ts';
import { attachXdp, inNamespace, loadProgram } from '../../src/kernel/index.ts';
import { policyOf } from '../lab/enforcing.ts';
import { caught } from './caught.ts';
import { enforceIn, interfaceIn, NO_TRACE, statePath, traces } from './enforcing.ts';
import { policyFor, told } from './judges.ts';
import { createVethPair, type VethPair } from './veth.ts';

const policy = (interfaces: string): string => `
version: 1
interfaces: [${interfaces}]
ingress:
  default: allow
  rules:
    - { name: pings, protocol: icmp, action: drop }
egress:
  default: allow
  rules:
    - { name: mail, protocol: tcp, port: 25, action: reject }
`;

let veth: VethPair;
beforeEach(() => {
  veth = createVethPair();
});
afterEach(() => {
  const left = traces(veth.namespace);
  veth.remove();
  expect(left).toEqual(NO_TRACE);
});

/** A program of somebody else, which passes everything. */
function attachForeign(device: string) {
  const asm = createAssembler('foreign');
  asm.mov(R0, 2);
  asm.exit();
  using program = loadProgram({ type: 'xdp', name: 'foreign', code: link(asm.finish(), []).code });
  const { id } = program;
  return Object.assign(
    inNamespace(veth.namespace, () => attachXdp({ interface: device, program })),
    { programId: id },
  );
}

describe('an interface', () => {
  test('that is not there is named, with those that are; the first one of the policy stays untouched', () => {
    const { problems } = caught(() => enforceIn(veth.namespace, policy('left, wrong')));
    expect(problems).toMatchObject([{ code: 'kernel/interface-missing' }]);
    expect(problems[0]?.message).toMatch(/"wrong".*left/);
    expect(traces(veth.namespace)).toEqual(NO_TRACE);
  });

  test('without Ethernet headers is refused: its packets would pass every rule', () => {
    execFileSync('ip', ['-n', veth.namespace, 'tuntap', 'add', 'dev', 'tunnel', 'mode', 'tun']);
    const { problems } = caught(() => enforceIn(veth.namespace, policy('left, tunnel')));
    expect(problems).toMatchObject([{ code: 'datapath/not-ethernet' }]);
    expect(problems[0]?.message).toContain('"tunnel"');
  });

  test("with another's XDP program is refused, and both interfaces stay as they were", () => {
    using foreign = attachForeign('right');
    const { problems } = caught(() => enforceIn(veth.namespace, policy('left, right')));
    expect(problems).toMatchObject([{ code: 'kernel/interface-busy' }]);
    expect(problems[0]?.message).toContain('"foreign"');
    expect(interfaceIn(veth.namespace, 'right')?.xdp?.programId).toBe(foreign.programId);
    expect(interfaceIn(veth.namespace, 'left')?.xdp).toBeUndefined();
    foreign.close();
  });
});

function withoutDefaults(path: string): void {
  const { settled, ...state } = JSON.parse(readFileSync(path, 'utf8')) as { settled: Record<string, unknown> };
  const { defaults: _, ...incomplete } = settled;
  writeFileSync(path, JSON.stringify({ ...state, settled: incomplete }));
}

describe('the file that tells which policy is in force', () => {
  test('cannot be written: nothing is put in force', () => {
    const folder = dirname(statePath(veth.namespace));
    mkdirSync(dirname(folder), { recursive: true });
    symlinkSync('/proc/self/fdinfo', folder); // where nobody can make a file
    const { problems } = caught(() => enforceIn(veth.namespace, policy('left')));
    expect(problems).toMatchObject([
      { code: expect.stringMatching(/^(datapath\/not-written|kernel\/no-permission)$/) },
    ]);
    expect(problems[0]?.message).toContain(folder);
    rmSync(folder);
  });

  test.each([
    ['damaged', 'datapath/damaged-state', () => writeFileSync(statePath(veth.namespace), '{"format":1,')],
    ['of another version', 'datapath/damaged-state', () => writeFileSync(statePath(veth.namespace), '{"format":99}')],
    ['incomplete', 'datapath/damaged-state', () => withoutDefaults(statePath(veth.namespace))],
    ['gone', 'datapath/unknown-state', () => rmSync(statePath(veth.namespace))],
  ])('is %s: that is said, packets are judged, and the policy can be taken down', (_, code, damage) => {
    const enforcement = enforceIn(veth.namespace, policy('left, right'));
    damage();
    expect(caught(() => inNamespace(veth.namespace, readEnforcement)).problems).toMatchObject([{ code }]);
    expect(interfaceIn(veth.namespace, 'left')?.xdp?.programId).toBe(enforcement.generation.xdp.id);
    expect(enforcement.isGone()).toBe(false);
    expect(inNamespace(veth.namespace, takeDown)?.interfaces.toSorted()).toEqual(['left', 'right']);
    expect(inNamespace(veth.namespace, takeDown)).toBeUndefined();
    expect(interfaceIn(veth.namespace, 'left')?.xdp).toBeUndefined();
    expect(enforcement.isGone()).toBe(true);
    enforcement.stop();
  });

  test('is damaged: no other policy is put in force on top', () => {
    const enforcement = enforceIn(veth.namespace, policy('left'));
    writeFileSync(statePath(veth.namespace), 'nonsense');
    expect(caught(() => enforceIn(veth.namespace, policy('left'))).problems).toMatchObject([
      { code: 'datapath/damaged-state' },
    ]);
    enforcement.stop();
  });
});

test('a second policy is refused while the first one is in force, which names the process', () => {
  const enforcement = enforceIn(veth.namespace, policy('left'));
  const { problems } = caught(() => enforceIn(veth.namespace, policy('right')));
  expect(problems).toMatchObject([{ code: 'datapath/already-enforced' }]);
  expect(problems[0]?.message).toContain(`process ${process.pid}`);
  expect(interfaceIn(veth.namespace, 'right')?.xdp).toBeUndefined();
  enforcement.stop();
});

test('an interface that is deleted while a change comes to nothing keeps no other from being as it was', () => {
  execFileSync('ip', ['-n', veth.namespace, 'link', 'add', 'other', 'type', 'veth', 'peer', 'name', 'its-peer']);
  const enforcement = enforceIn(veth.namespace, policyFor('before', 'left, right, other'));
  const before = interfaceIn(veth.namespace, 'other')?.xdp?.programId;
  const onStep = (step: ApplyStep): void => {
    if (step !== 'switch-attached') return;
    execFileSync('ip', ['-n', veth.namespace, 'link', 'del', 'left']);
    throw new Error('the disk is full');
  };
  const update = () => enforcement.update(policyOf(policyFor('after', 'left, right, other')), { onStep });
  expect(update).toThrow('the disk is full');
  expect(interfaceIn(veth.namespace, 'other')?.xdp?.programId).toBe(before);
  expect(told(veth.namespace)).toEqual({ judge: 'before', why: undefined });
  enforcement.update(policyOf(policyFor('after', 'other')));
  expect(told(veth.namespace)).toEqual({ judge: 'after', why: undefined });
  enforcement.stop();
});
