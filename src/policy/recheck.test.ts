import { describe, expect, test } from 'vitest';
import { type CheckResult, checkPolicy } from './check.ts';
import type { CheckedMatch } from './checked.ts';
import { recheckPolicy } from './recheck.ts';
import { allRules } from './rule-place.ts';
import { createRandom, type Random } from './testing/classbench.ts';

const source = (text: string) => ({ path: 'policy.yaml', text });

/** An item of a list in one of the ways in which people write them. */
function item(indent: string, random: Random, number: number): string {
  const port = 1 + random(60_000);
  const action = ['allow', 'drop', 'reject', 'count'][random(4)];
  switch (random(5)) {
    case 0:
      return `${indent}- { name: r${number}, protocol: tcp, port: ${port}, action: ${action} }\n`;
    case 1:
      return `${indent}- { protocol: udp, port: [53, ${port}], action: ${action} }   # r${number}\n`;
    case 2:
      return `${indent}- name: r${number}\n${indent}  from:\n${indent}    - 10.${random(256)}.0.0/16\n${indent}    - "@lan"\n${indent}  action: ${action}\n`;
    case 3:
      return `\n${indent}# about r${number}\n${indent}- name: "r${number}"\n${indent}  port: "@web"\n${indent}  action: ${action}\n`;
    default:
      return `${indent}- filter: >-\n${indent}    tcp dst port\n${indent}    ${port}\n${indent}  name: r${number}\n${indent}  action: ${action}\n`;
  }
}

interface Written {
  readonly prefilter: string[];
  readonly ingress: string[];
  readonly egress: string[];
}

const HEAD = `version: 1
interfaces: [eth0]
sets:
  lan: [192.168.0.0/16]
  web: { ports: [80, 443] }
`;

const textOf = ({ prefilter, ingress, egress }: Written, head = HEAD): string =>
  `${head}prefilter:\n${prefilter.join('')}ingress:\n  default: drop\n  rules:\n${ingress.join('')}egress:\n  rules:\n${egress.join('')}`;

function written(random: Random): Written {
  let number = 0;
  const list = (indent: string, count: number): string[] =>
    Array.from({ length: count }, () => item(indent, random, number++));
  return { prefilter: list('', 40), ingress: list('    ', 600), egress: list('    ', 30) };
}

/** How many matches are those of the version before, not only equal to them. */
function shared(before: CheckResult, after: CheckResult): number {
  const old = new Set<CheckedMatch>(before.policy && allRules(before.policy).map(({ match }) => match));
  return after.policy ? allRules(after.policy).filter(({ match }) => old.has(match)).length : 0;
}

describe('another version of a policy', () => {
  test('comes to the same as when it is checked whole, and keeps what has not changed', () => {
    const random = createRandom(3);
    let now = written(random);
    let before = checkPolicy(source(textOf(now)));
    expect(before.problems.filter(({ severity }) => severity !== 'warning')).toEqual([]);
    for (let round = 0; round < 60; round++) {
      const lists = { prefilter: [...now.prefilter], ingress: [...now.ingress], egress: [...now.egress] };
      for (let change = 0; change <= random(3); change++) {
        const name = (['prefilter', 'ingress', 'ingress', 'egress'] as const)[random(4)] as keyof Written;
        const list = lists[name];
        const at = random(list.length);
        const fresh = item(name === 'prefilter' ? '' : '    ', random, 10_000 + round * 10 + change);
        if (random(4) === 0) list.push(...list.splice(at, 1));
        else list.splice(at, random(2), ...(random(3) === 0 && list.length > 1 ? [] : [fresh]));
      }
      const text = textOf(lists);
      const after = recheckPolicy(before, source(text));
      expect(after).toEqual(checkPolicy(source(text)));
      const rules = lists.prefilter.length + lists.ingress.length + lists.egress.length;
      expect(shared(before, after)).toBeGreaterThan(rules - 12);
      [now, before] = [lists, after];
    }
  });

  const random = createRandom(8);
  const base = written(random);
  const before = checkPolicy(source(textOf(base)));
  const withItem = (text: string): string => textOf({ ...base, ingress: base.ingress.toSpliced(300, 0, text) });
  test.each([
    ['a quotation mark that is not closed', withItem('    - { name: "open, action: drop }\n')],
    ['a quotation mark that another rule closes', withItem(`    - name: "open\n      action: drop\n`)],
    ['a list that is not closed', withItem('    - { name: open, port: [1, 2, action: drop }\n')],
    ['a text that goes on', withItem('    - name: text\n      filter: |\n         tcp\n      action: drop\n')],
    ['an anchor', withItem('    - &one { name: anchor, action: count }\n')],
    ['another stage in between', withItem('egress:\n  rules:\n')],
    ['a second document', withItem('---\n')],
    [
      'a name that is there already',
      withItem('    - { name: twice, action: count }\n    - { name: twice, action: count }\n'),
    ],
    [
      'a name of a rule that has not changed',
      withItem(`    - { name: ${/name: "?(r\d+)/.exec(base.ingress[100] as string)?.[1] ?? 'r1'}, action: count }\n`),
    ],
    ['an unknown key', withItem('    - { name: new, colour: red, action: drop }\n')],
    ['a rule that nothing gets past', withItem('    - { name: all, action: drop }\n')],
    ['a set with other ports', textOf(base, HEAD.replace('443', '8443'))],
    ['a set that is gone', textOf(base, HEAD.replace('  lan: [192.168.0.0/16]\n', ''))],
    ['another interface', textOf(base, HEAD.replace('eth0', 'eth1'))],
    ['no rules but one', textOf({ ...base, ingress: base.ingress.slice(0, 1) })],
    ['nothing', ''],
  ])('is judged like the whole where there is %s', (_, text) => {
    expect(recheckPolicy(before, source(text))).toEqual(checkPolicy(source(text)));
  });

  test('takes the meaning of a set from the new version', () => {
    const after = recheckPolicy(before, source(textOf(base, HEAD.replace('443', '8443'))));
    expect(JSON.stringify(after.policy?.ingress.rules.map(({ match }) => match.port))).toContain('[8443,8443]');
  });
});
