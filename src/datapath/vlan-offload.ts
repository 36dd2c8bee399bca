import type { Problem } from '../diagnostics/problem.ts';
import { stripsVlanTags } from '../kernel/index.ts';
import type { CheckedPolicy } from '../policy/checked.ts';
import { placeOfRule } from '../policy/rule-place.ts';

/** A warning for each interface that takes tags out of frames before XDP sees them, where a rule asks for tags. */
export function vlanOffloadWarnings(policy: CheckedPolicy): readonly Problem[] {
  const rule = [...policy.prefilter, ...policy.ingress.rules].find(
    ({ match }) => match.vlan !== undefined || /\bvlan\b/.test(match.filter?.expression ?? ''),
  );
  if (rule === undefined) return [];
  return policy.interfaces.filter(stripsVlanTags).map((name) => ({
    code: 'datapath/vlan-offload',
    severity: 'warning',
    message: `rule "${rule.name}" asks for VLAN tags, and interface "${name}" takes them out of frames before XDP sees them`,
    place: placeOfRule(policy, rule.index).place,
    help: `ethtool -K ${name} rxvlan off`,
  }));
}
