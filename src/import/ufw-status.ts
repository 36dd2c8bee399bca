import type { SourceText } from '../diagnostics/source.ts';
import { parseAddress } from '../packet/address.ts';
import type { UfwEnd, UfwRule } from './ufw-rule.ts';

/** `22/tcp on eth0   ALLOW IN   203.0.113.0/24 (log)   # the office`; the columns grow with what stands in them. */
const LINE = /^(?:\[ *\d+\] )?(\S.*?)\s+(ALLOW|DENY|REJECT|LIMIT)(?: (IN|OUT|FWD))?\s+(\S.*)$/;
const DEFAULTS = /^Default: (\w+) \(incoming\), (\w+) \(outgoing\)/m;

export const isStatus = (text: string): boolean => /^Status: /m.test(text);

/** What becomes of packets that no rule decides, where the text says it. */
export function statusDefaults(text: string): { in: string; out: string } | undefined {
  const [, incoming, outgoing] = DEFAULTS.exec(text) ?? [];
  return incoming === undefined || outgoing === undefined ? undefined : { in: incoming, out: outgoing };
}

/** Reads what `ufw status verbose` prints; its rules for IPv6 say so, and the others are for IPv4. */
export function readStatus(source: SourceText): UfwRule[] {
  return source.text.split('\n').flatMap((raw, index) => {
    const place = { source, line: index + 1, column: 1, length: 0 };
    const [, to, action, direction, rest] = LINE.exec(raw.trimEnd()) ?? [];
    if (to !== undefined && action !== undefined && rest !== undefined) {
      return [{ ...readLine(to, action.toLowerCase(), direction ?? 'IN', rest), place }];
    }
    if (/^(Status|Logging|Default|New profiles): |^To\s+Action\s+From|^[\s-]*$/.test(raw)) return [];
    return [{ action: '', direction: 'in' as const, from: {}, to: {}, place, lost: 'the line is none that is known' }];
  });
}

function readLine(toText: string, action: string, word: string, rest: string): Omit<UfwRule, 'place'> {
  const [, before = rest, comment] = /^(.*?)\s+# (.*)$/.exec(rest) ?? [];
  const [, log] = /\((log|log-all)(?:, out)?\)\s*$/.exec(before) ?? [];
  const [to, from] = [readEnd(toText), readEnd(before.replace(/\s*\((log|log-all|out)(, out)?\)\s*$/, ''))];
  const lost = to.lost ?? from.lost;
  const protocol = to.protocol ?? from.protocol;
  const device = to.interface ?? from.interface;
  return {
    action,
    direction: word === 'FWD' ? 'route' : word === 'OUT' ? 'out' : 'in',
    from: from.end,
    to: to.end,
    family: to.isSix || from.isSix ? 6 : 4,
    ...(protocol !== undefined && { protocol }),
    ...(device !== undefined && { interface: device }),
    ...(log !== undefined && { log: log as 'log' | 'log-all' }),
    ...(comment !== undefined && { comment }),
    ...(lost !== undefined && { lost }),
  };
}

interface End {
  readonly end: UfwEnd;
  readonly isSix: boolean;
  readonly protocol?: string;
  readonly interface?: string;
  readonly lost?: string;
}

/** `Anywhere`, `192.0.2.0/24 80,443/tcp`, `22/tcp (OpenSSH (v6)) on eth0`. */
function readEnd(text: string): End {
  const [, before = text, device] = /^(.*) on (\S+)$/.exec(text.trim()) ?? [];
  const words = before
    .replace(/\(.*\)/, '')
    .split(/\s+/)
    .filter(Boolean);
  let protocol: string | undefined;
  const end: { address?: string; ports?: string } = {};
  for (const word of words) {
    const [, value = word, named] = /^(.+)\/([a-z]\w*)$/.exec(word) ?? [];
    protocol = named ?? protocol;
    if (value === 'Anywhere') continue;
    if (parseAddress(value.split('/')[0] ?? '')) end.address = value;
    else if (/^[\d,:]+$/.test(value)) end.ports = value;
    else return { end, isSix: false, lost: `"${word}" is neither an address nor ports: give \`ufw status verbose\`` };
  }
  const isSix = /\(v6\)/.test(before) || (end.address?.includes(':') ?? false);
  return {
    end,
    isSix,
    ...(protocol !== undefined && { protocol }),
    ...(device !== undefined && { interface: device }),
  };
}
