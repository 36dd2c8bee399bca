import { expect, test } from 'vitest';
import type { BpfFunction } from '../../src/asm/index.ts';
import { buildGeneration } from '../../src/datapath/index.ts';
import { openDescriptorNames, openMappings } from '../../src/kernel/index.ts';
import { type CompiledPolicy, compilePolicy } from '../../src/policy/compile.ts';
import { policyFolder } from '../lab/enforcing.ts';
import { caught } from './caught.ts';

const POLICY = `
version: 1
interfaces: [eth0]
sets:
  blocked: { file: blocked.txt }
ingress:
  default: drop
  rules:
    - { name: blocklist, from: "@blocked", action: drop }
    - { name: web, protocol: tcp, port: 80, action: allow }
    - name: ssh
      protocol: tcp
      port: 22
      action: allow
`;

/** The policy's code, to be spoilt: no policy that passes the checks makes the kernel say no. */
function compiled(): CompiledPolicy {
  const folder = policyFolder(POLICY, { 'blocked.txt': '192.0.2.0/24\n' });
  folder.remove();
  return compilePolicy(folder.policy);
}

const CALL = 0x85;

/** In front of the first instruction for a rule, a call of a kernel function that there is not. */
function spoil(fn: BpfFunction, rule: number): BpfFunction {
  const at = fn.instructions.findIndex((instruction) => instruction.rule === rule);
  if (at < 0) return fn;
  const { labels, ...first } = fn.instructions[at] as BpfFunction['instructions'][number];
  const bad = { opcode: CALL, dst: 0, src: 0, offset: 0, imm: 9_999, rule, ...(labels && { labels }) };
  return { ...fn, instructions: [...fn.instructions.slice(0, at), bad, first, ...fn.instructions.slice(at + 1)] };
}

test("a refusal of the verifier names the rule, its line and the verifier's reason", () => {
  const policy = compiled();
  const functions = policy.xdp.functions.map((fn) => spoil(fn, 2));
  const { problems } = caught(() => buildGeneration({ ...policy, xdp: { ...policy.xdp, functions } }));
  expect(problems).toMatchObject([{ code: 'kernel/verifier-refusal', place: { line: 11, source: { text: POLICY } } }]);
  expect(problems[0]?.message).toMatch(/rule "ssh".*9999/);
  expect({ open: openDescriptorNames(), mappings: openMappings() }).toEqual({ open: [], mappings: 0 });
});

test('a map that is too large for the kernel names the set, the map, the size and what to do', () => {
  const policy = compiled();
  const tries = policy.tries.map((trie) => (trie.family === 'v4' ? { ...trie, capacity: 2 ** 28 } : trie));
  const { problems } = caught(() => buildGeneration({ ...policy, tries }));
  expect(problems).toMatchObject([{ code: 'datapath/set-too-large', help: expect.stringContaining('fewer') }]);
  expect(problems[0]?.message).toMatch(/set "blocked" needs 2,048 MiB for map "set4:blocked".*E2BIG/);
  expect({ open: openDescriptorNames(), mappings: openMappings() }).toEqual({ open: [], mappings: 0 });
});

test('any other map that the kernel refuses is named with its size', () => {
  const { problems } = caught(() => buildGeneration({ ...compiled(), counters: 2 ** 32 - 1 }));
  expect(problems[0]?.message).toMatch(/map "counters".*(E2BIG|ENOMEM)/);
  expect({ open: openDescriptorNames(), mappings: openMappings() }).toEqual({ open: [], mappings: 0 });
});
