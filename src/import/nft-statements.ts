import { elementRegion, elementsOf, matchRegion, type TableScope } from './nft-match.ts';
import { connections, isObject, type Json, short } from './nft-selectors.ts';
import { buildRule, type RuleBuilder } from './rule-builder.ts';
import { type ForeignRule, NotCarried, type Outcome } from './ruleset.ts';

/** `key` gives the key of a chain of the table by its name. */
export interface StatementScope extends TableScope {
  key(chain: string): string;
}

export function readNftRule(
  statements: readonly unknown[],
  scope: StatementScope,
): Pick<ForeignRule, 'steps' | 'losses'> {
  return buildRule((rule) => {
    for (const statement of statements) {
      const [kind = '', value] = Object.entries(isObject(statement) ? statement : {})[0] ?? [];
      readStatement(kind, value, rule, scope);
    }
  });
}

function readStatement(kind: string, value: unknown, rule: RuleBuilder, scope: StatementScope): void {
  const outcome = outcomeOf(kind, value, scope);
  if (outcome) {
    if (kind === 'reject' && isObject(value)) noteRejection(value, rule);
    rule.outcome(outcome);
    return;
  }
  const options = isObject(value) ? value : {};
  switch (kind) {
    case 'match':
      readMatch(options, rule, scope);
      return;
    case 'counter':
      rule.effect({ kind: 'count' });
      return;
    case 'log':
      rule.effect({ kind: 'log', ...(typeof options['prefix'] === 'string' && { prefix: options['prefix'] }) });
      return;
    case 'limit':
      readLimit(options, rule);
      return;
    case 'mangle':
      readMangle(options, rule);
      return;
    case 'vmap':
      readVerdictMap(options, rule, scope);
      return;
    case 'set':
    case 'map':
      readFilling(options, rule);
      return;
    case 'continue':
      return;
    default:
      throw new NotCarried(`Sluice does nothing like "${kind}"`);
  }
}

/** `add @seen { ip saddr }`: packets go on as without it, unless each element has a limit that they have to keep. */
function readFilling({ op, set, map, stmt }: Json, rule: RuleBuilder): void {
  const what = `"${op} ${set ?? map}"`;
  const asked = [stmt ?? []]
    .flat()
    .flatMap((one) => Object.keys(isObject(one) ? one : {}))
    .find((key) => key !== 'counter');
  if (asked !== undefined) throw new NotCarried(`Sluice has no "${asked}" for each element (${what})`);
  rule.lose({
    code: 'import/not-carried',
    message: `${what}: rules of Sluice add nothing to sets`,
    help: 'Let what finds the addresses, a program that reads logs for example, call `sluice sets add SET ADDRESS --ttl TIME`.',
  });
}

function outcomeOf(kind: string, value: unknown, scope: StatementScope): Outcome | undefined {
  if (kind === 'accept' || kind === 'drop' || kind === 'reject' || kind === 'return') return { kind };
  if ((kind === 'jump' || kind === 'goto') && isObject(value))
    return { kind, chain: scope.key(String(value['target'])) };
  return undefined;
}

function noteRejection({ type, expr }: Json, rule: RuleBuilder): void {
  if (type === undefined || type === 'tcp reset' || expr === undefined || expr === 'port-unreachable') return;
  const message = `it is answered by a reset (TCP) or "port unreachable", not by "${type} ${expr}"`;
  rule.lose({ code: 'import/approximate', message });
}

function readMatch(match: Json, rule: RuleBuilder, scope: StatementScope): void {
  const { left, right, op } = match;
  if (isObject(left) && isObject(left['ct'])) {
    const states = (isObject(right) && Array.isArray(right['set']) ? right['set'] : [right]).flat();
    const text = `ct ${left['ct']['key']} ${op === '!=' ? '!= ' : ''}${states.map(String).join(',')}`;
    if (left['ct']['key'] !== 'state' || op === '!=' || !states.includes('new')) throw connections(text);
    rule.onlyNew(text);
    return;
  }
  if (isObject(left) && isObject(left['payload']) && left['payload']['field'] === 'nexthdr') {
    const message = '"ip6 nexthdr" asks the first header only; `protocol` is what stands behind the extension headers';
    rule.lose({ code: 'import/approximate', message });
  }
  rule.narrow(matchRegion(match, scope));
}

const UNITS: Readonly<Record<string, string>> = { second: 's', minute: 'm', hour: 'h' };

function readLimit({ rate, per, burst, rate_unit: unit, inv }: Json, rule: RuleBuilder): void {
  const text = `limit rate ${inv ? 'over ' : ''}${rate}${unit === undefined ? '' : ` ${unit}`}/${per}`;
  const short = UNITS[String(per)];
  const usable = !inv && (unit === undefined || unit === 'packets') && short !== undefined;
  rule.limit(text, usable ? `${rate}/${short}` : undefined, typeof burst === 'number' && burst > 0 ? burst : undefined);
}

function readMangle({ key, value }: Json, rule: RuleBuilder): void {
  const isMark = isObject(key) && isObject(key['meta']) && key['meta']['key'] === 'mark';
  if (!isMark || typeof value !== 'number')
    throw new NotCarried(`Sluice does not set ${short(key)} to ${short(value)}`);
  rule.effect({ kind: 'mark', mark: value });
}

/** One rule for each element; the elements of a map exclude each other. */
function readVerdictMap({ key, data }: Json, rule: RuleBuilder, scope: StatementScope): void {
  const { elements } = elementsOf(data, scope);
  if (elements.length === 0) throw new NotCarried('its map is empty now, so that it decides nothing');
  for (const entry of elements) {
    const [element, verdict] = Array.isArray(entry) ? entry : [];
    const [kind = '', value] = Object.entries(isObject(verdict) ? verdict : {})[0] ?? [];
    try {
      if (isObject(key) && isObject(key['ct'])) throw connections(`ct ${key['ct']['key']} ${element} : ${kind}`);
      const outcome = outcomeOf(kind, value, scope);
      if (outcome) rule.outcome(outcome, elementRegion(key, element, scope));
      else if (kind !== 'continue') throw new NotCarried(`the verdict is not known: ${short(verdict)}`);
    } catch (error) {
      if (!(error instanceof NotCarried)) throw error;
      rule.lose(error.loss);
    }
  }
}
