import type { Problem } from '../diagnostics/problem.ts';
import { interfaceByIndex, stripsVlanTags } from '../kernel/index.ts';
import type { CheckedPolicy } from '../policy/checked.ts';
import { placeOfRule } from '../policy/rule-place.ts';
import type { GenerationState } from './state.ts';

type Attached = GenerationState['interfaces'][number];

/** Where what the policy asks for does not come about on an interface as it is set up. */
export function interfaceWarnings(policy: CheckedPolicy, attached: readonly Attached[]): readonly Problem[] {
  return [...vlanOffloads(policy, attached), ...lostAnswers(policy, attached)];
}

/** Interfaces that take tags out of frames before XDP sees them, where a rule asks for tags. */
function vlanOffloads({ prefilter, ingress, ...policy }: CheckedPolicy, attached: readonly Attached[]): Problem[] {
  const rule = [...prefilter, ...ingress.rules].find(
    ({ match }) => match.vlan !== undefined || /\bvlan\b/.test(match.filter?.expression ?? ''),
  );
  if (rule === undefined) return [];
  const { place } = placeOfRule({ prefilter, ingress, ...policy }, rule.index);
  return (
    attached
      // At TC, a tag that was taken out is still known.
      .filter(({ name, mode }) => mode !== 'chained' && stripsVlanTags(name))
      .map(({ name }) => ({
        code: 'datapath/vlan-offload',
        severity: 'warning',
        message: `rule "${rule.name}" asks for VLAN tags, and interface "${name}" takes them out of frames before XDP sees them`,
        place,
        help: `ethtool -K ${name} rxvlan off`,
      }))
  );
}

/** A frame that XDP sends back over veth waits until something else wakes the peer (Linux, `veth_xdp_flush`). */
function lostAnswers({ prefilter, ingress }: CheckedPolicy, attached: readonly Attached[]): Problem[] {
  const rejects =
    ingress.default === 'reject' || [...prefilter, ...ingress.rules].some(({ action }) => action.kind === 'reject');
  if (!rejects) return [];
  return attached
    .filter(({ ifindex, mode }) => mode === 'native' && interfaceByIndex(ifindex)?.driver === 'veth')
    .map(({ name }) => ({
      code: 'datapath/veth-reject',
      severity: 'warning',
      message: `interface "${name}" is a veth: answers to rejected packets leave it only where its peer has an XDP program`,
    }));
}
