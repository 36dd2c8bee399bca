/** What Sluice does with a feature of the kernel. */
export interface FeatureUse {
  readonly what: string;
  /** Nothing can be put in force without it. */
  readonly required: boolean;
  /** How Sluice gets by where it is missing. */
  readonly without?: string;
}

const required = (what: string): FeatureUse => ({ what, required: true });
const helpful = (what: string, without: string): FeatureUse => ({ what, required: false, without });

/** By the names that `probeFeatures` gives. What is not here is probed for what is to come. */
export const featureUses: Readonly<Record<string, FeatureUse>> = {
  'programs of type xdp': required('judging what comes in'),
  'programs of type sched_cls': required('judging what goes out, and marks'),
  'maps of type percpu_array': required('counters'),
  'maps of type prog_array': required('policies longer than one program'),
  'arrays in shared memory': required('address sets, and verdicts of test runs'),
  'ring buffers': required('the events of log rules'),
  'bpf_jiffies64 in xdp': required('when a rule was last hit'),
  'XDP on multi-buffer frames': helpful('jumbo frames', 'interfaces with an MTU above 3400 need generic XDP'),
  'TCX links': helpful('egress, updated without a gap', 'egress is attached to clsact'),
  'bpf_xdp_load_bytes in xdp': helpful(
    'payload matches in jumbo frames',
    'only the first buffer of a frame is looked at',
  ),
  'live frames in test runs': helpful('the benchmark', 'the benchmark cannot generate a flood'),
};
