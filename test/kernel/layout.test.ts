import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Btf, type BtfTypeId, parseBtf } from '../../src/kernel/index.ts';
import * as layouts from '../../src/kernel/system/bpf-attr.ts';

const btf = parseBtf(readFileSync('/sys/kernel/btf/vmlinux'), 'the kernel');

/** Which struct of the kernel each layout is: a struct or union by name, and of a union the member that has `field`. */
const structs: Record<keyof typeof layouts, readonly [name: string, field?: string]> = {
  mapCreateAttr: ['bpf_attr', 'map_name'],
  mapElementAttr: ['bpf_attr', 'key'],
  mapBatchAttr: ['bpf_attr', 'in_batch'],
  programLoadAttr: ['bpf_attr', 'insns'],
  btfLoadAttr: ['bpf_attr', 'btf_log_buf'],
  objectPathAttr: ['bpf_attr', 'pathname'],
  objectIdAttr: ['bpf_attr', 'open_flags'],
  objectInfoAttr: ['bpf_attr', 'info_len'],
  testRunAttr: ['bpf_attr', 'batch_size'],
  linkCreateAttr: ['bpf_attr', 'target_btf_id'],
  linkUpdateAttr: ['bpf_attr', 'new_prog_fd'],
  linkDetachAttr: ['bpf_attr', 'link_fd'],
  enableStatsAttr: ['bpf_attr', 'type'],
  mapInfo: ['bpf_map_info'],
  programInfo: ['bpf_prog_info'],
  linkInfo: ['bpf_link_info'],
};

/** Fields that a layout calls otherwise, or that exist to fill a hole. */
const renamed: Record<string, string | undefined> = { id: 'start_id', pad: undefined };

/** Offsets in bytes of all fields of a type, through the structs and unions without a name in it. */
function offsetsOf(types: Btf, id: BtfTypeId, base = 0): Map<string, number> {
  const type = types.bareType(id);
  const result = new Map<string, number>();
  if (type.kind !== 'struct' && type.kind !== 'union') return result;
  for (const member of type.members) {
    const offset = base + member.bitOffset / 8;
    if (member.name !== '') result.set(member.name, offset);
    const inner = types.bareType(member.type);
    const holdsMembers = inner.kind === 'struct' || inner.kind === 'union';
    // The members of a union of kinds of link (`tcx`, `xdp`) do have names; each begins where the union does.
    const transparent = member.name === '' || ['tcx', 'xdp'].includes(member.name);
    if (!holdsMembers || !transparent) continue;
    for (const [name, at] of offsetsOf(types, member.type, offset)) if (!result.has(name)) result.set(name, at);
  }
  return result;
}

function kernelOffsets(name: string, field?: string): Map<string, number> {
  const kind = field === undefined ? 'struct' : 'union';
  const id = btf.types.findIndex((type) => type.kind === kind && 'name' in type && type.name === name);
  const type = btf.bareType(id);
  if (field === undefined || type.kind !== 'union') return offsetsOf(btf, id);
  const member = type.members.find((one) => offsetsOf(btf, one.type).has(field));
  if (member === undefined) throw new Error(`${name} has no member with ${field}`);
  return offsetsOf(btf, member.type);
}

describe("the kernel's structs", () => {
  it.each(Object.entries(layouts))('%s stands as the running kernel has it', (layout, { offsets }) => {
    const kernel = kernelOffsets(...structs[layout as keyof typeof layouts]);
    for (const [key, offset] of Object.entries<number>(offsets)) {
      const inKernel = key in renamed && !kernel.has(key) ? renamed[key] : key;
      if (inKernel !== undefined) expect([key, kernel.get(inKernel)]).toEqual([key, offset]);
    }
  });
});
