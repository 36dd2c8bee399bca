import type { DaemonLab } from '../daemon.ts';

export type Side = 'one' | 'two';
/** Who judges at a hook; `mixed` is what must never be. */
export type Judge = Side | 'nobody' | 'mixed';

/** Pings with these code points tell the policies apart, at XDP and, in their answers, at TC egress. */
const CODE_POINTS = { one: { ingress: 8, egress: 24 }, two: { ingress: 16, egress: 32 } } as const;
const SEEN = 40;

/** Drops some pings on both hooks; the rule `seen` is in both policies, at another place. */
export function policyText(side: Side, more: { readonly sets?: string; readonly rules?: string } = {}): string {
  const { ingress, egress } = CODE_POINTS[side];
  const own = `    - { name: in-${side}, protocol: icmp, dscp: ${ingress}, action: drop }\n`;
  const seen = `    - { name: seen, protocol: icmp, dscp: ${SEEN}, action: drop }\n`;
  return `version: 1
interfaces: [eth0]
${more.sets ?? ''}ingress:
  rules:
${more.rules ?? ''}${side === 'one' ? own + seen : seen + own}egress:
  rules:
    - { name: out-${side}, protocol: icmp, dscp: ${egress}, action: drop }
`;
}

/** One ping that the rule `seen` of either policy drops. */
export async function sendSeen(lab: DaemonLab): Promise<void> {
  await answered(lab, [SEEN]);
}

/** Who judges at XDP and at TC egress. A packet that is late looks like one that is dropped: then it is asked again. */
export async function judgesOf(lab: DaemonLab): Promise<readonly Judge[]> {
  const { one, two } = CODE_POINTS;
  let judges: Judge[] = [];
  for (let tries = 0; tries < 4; tries++) {
    const passed = await answered(lab, [0, one.ingress, two.ingress, one.egress, two.egress]);
    judges = (['ingress', 'egress'] as const).map((hook) => {
      const [byOne, byTwo] = [!passed.has(one[hook]), !passed.has(two[hook])];
      return byOne && byTwo ? 'mixed' : byOne ? 'one' : byTwo ? 'two' : 'nobody';
    });
    if (passed.has(0) && judges[0] === judges[1] && judges[0] !== 'mixed') return judges;
  }
  return judges;
}

async function answered({ client, host }: DaemonLab, codePoints: readonly number[]): Promise<ReadonlySet<number>> {
  const one = `ping -n -c 1 -W 0.3 -Q $(($q * 4)) ${host.address(4)} >/dev/null && echo $q`;
  const script = `for q in ${codePoints.join(' ')}; do (${one}) & done; wait`;
  const { stdout } = await client.exec('sh', ['-c', script]);
  return new Set(stdout.split('\n').filter(Boolean).map(Number));
}
