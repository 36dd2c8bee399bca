import { struct } from './struct.ts';
import { BPF_OBJ_NAME_LEN } from './uapi-bpf.ts';

/** The members of `union bpf_attr` that are used, and the info structs, of Linux include/uapi/linux/bpf.h. */

export const mapCreateAttr = struct({
  map_type: 'u32',
  key_size: 'u32',
  value_size: 'u32',
  max_entries: 'u32',
  map_flags: 'u32',
  inner_map_fd: 'u32',
  numa_node: 'u32',
  map_name: BPF_OBJ_NAME_LEN,
  map_ifindex: 'u32',
  btf_fd: 'u32',
  btf_key_type_id: 'u32',
  btf_value_type_id: 'u32',
});

/** `value` is `next_key` for BPF_MAP_GET_NEXT_KEY. */
export const mapElementAttr = struct({ map_fd: 'u32', key: 'pointer', value: 'pointer', flags: 'u64' });

export const mapBatchAttr = struct({
  in_batch: 'pointer',
  out_batch: 'pointer',
  keys: 'pointer',
  values: 'pointer',
  count: 'u32',
  map_fd: 'u32',
  elem_flags: 'u64',
  flags: 'u64',
});

export const programLoadAttr = struct({
  prog_type: 'u32',
  insn_cnt: 'u32',
  insns: 'pointer',
  license: 'pointer',
  log_level: 'u32',
  log_size: 'u32',
  log_buf: 'pointer',
  kern_version: 'u32',
  prog_flags: 'u32',
  prog_name: BPF_OBJ_NAME_LEN,
  prog_ifindex: 'u32',
  expected_attach_type: 'u32',
  prog_btf_fd: 'u32',
  func_info_rec_size: 'u32',
  func_info: 'pointer',
  func_info_cnt: 'u32',
  line_info_rec_size: 'u32',
  line_info: 'pointer',
  line_info_cnt: 'u32',
  attach_btf_id: 'u32',
  attach_prog_fd: 'u32',
});

export const btfLoadAttr = struct({
  btf: 'pointer',
  btf_log_buf: 'pointer',
  btf_size: 'u32',
  btf_log_size: 'u32',
  btf_log_level: 'u32',
});

export const objectPathAttr = struct({ pathname: 'pointer', bpf_fd: 'u32', file_flags: 'u32' });

export const objectIdAttr = struct({ id: 'u32', next_id: 'u32', open_flags: 'u32' });

export const objectInfoAttr = struct({ bpf_fd: 'u32', info_len: 'u32', info: 'pointer' });

export const testRunAttr = struct({
  prog_fd: 'u32',
  retval: 'u32',
  data_size_in: 'u32',
  data_size_out: 'u32',
  data_in: 'pointer',
  data_out: 'pointer',
  repeat: 'u32',
  duration: 'u32',
  ctx_size_in: 'u32',
  ctx_size_out: 'u32',
  ctx_in: 'pointer',
  ctx_out: 'pointer',
  flags: 'u32',
  cpu: 'u32',
  batch_size: 'u32',
});

/** With `tcx` as the member of the union. */
export const linkCreateAttr = struct({
  prog_fd: 'u32',
  target_ifindex: 'u32',
  attach_type: 'u32',
  flags: 'u32',
  relative_fd: 'u32',
  expected_revision: 'u64',
});

export const linkUpdateAttr = struct({ link_fd: 'u32', new_prog_fd: 'u32', flags: 'u32', old_prog_fd: 'u32' });

export const linkDetachAttr = struct({ link_fd: 'u32' });

export const enableStatsAttr = struct({ type: 'u32' });

export const mapInfo = struct({
  type: 'u32',
  id: 'u32',
  key_size: 'u32',
  value_size: 'u32',
  max_entries: 'u32',
  map_flags: 'u32',
  name: BPF_OBJ_NAME_LEN,
});

export const programInfo = struct({
  type: 'u32',
  id: 'u32',
  tag: 8,
  jited_prog_len: 'u32',
  xlated_prog_len: 'u32',
  jited_prog_insns: 'pointer',
  xlated_prog_insns: 'pointer',
  load_time: 'u64',
  created_by_uid: 'u32',
  nr_map_ids: 'u32',
  map_ids: 'pointer',
  name: BPF_OBJ_NAME_LEN,
  ifindex: 'u32',
  gpl_compatible: 'u32',
  netns_dev: 'u64',
  netns_ino: 'u64',
  nr_jited_ksyms: 'u32',
  nr_jited_func_lens: 'u32',
  jited_ksyms: 'pointer',
  jited_func_lens: 'pointer',
  btf_id: 'u32',
  func_info_rec_size: 'u32',
  func_info: 'pointer',
  nr_func_info: 'u32',
  nr_line_info: 'u32',
  line_info: 'pointer',
  jited_line_info: 'pointer',
  nr_jited_line_info: 'u32',
  line_info_rec_size: 'u32',
  jited_line_info_rec_size: 'u32',
  nr_prog_tags: 'u32',
  prog_tags: 'pointer',
  run_time_ns: 'u64',
  run_cnt: 'u64',
  recursion_misses: 'u64',
  verified_insns: 'u32',
});

/** The union has `xdp` and `tcx`, both of which begin with the ifindex, at the alignment of its widest member. */
export const linkInfo = struct({
  type: 'u32',
  id: 'u32',
  prog_id: 'u32',
  pad: 'u32',
  ifindex: 'u32',
  attach_type: 'u32',
});
