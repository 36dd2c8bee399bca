import type { SourceText } from '../diagnostics/source.ts';
import type { UfwEnd, UfwRule } from './ufw-rule.ts';

/** The words of a command, those in quotation marks as one. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, single, double, plain]) => single ?? double ?? plain ?? '');

export const isCommand = (line: string): boolean => /^\s*(sudo\s+)?ufw\s/.test(line);

type Changing<T> = { -readonly [Key in keyof T]: T[Key] };

/** What `ufw show added` prints, or what somebody typed: `ufw allow from 10.0.0.0/8 to any port 22 proto tcp`. */
export function readCommands(source: SourceText): UfwRule[] {
  return source.text.split('\n').flatMap((raw, index) => {
    if (!isCommand(raw)) return [];
    const words = wordsOf(raw);
    words.splice(0, words.indexOf('ufw') + 1);
    const place = { source, line: index + 1, column: 1, length: 0 };
    return [{ ...readCommand(words), place }];
  });
}

function readCommand(words: string[]): Omit<UfwRule, 'place'> {
  const from: Changing<UfwEnd> = {};
  const to: Changing<UfwEnd> = {};
  const rule: Changing<Omit<UfwRule, 'place'>> = { action: '', direction: 'in', from, to };
  const next = (): string => words.shift() ?? '';
  let end = to;
  let word = next();
  if (word === 'rule') word = next();
  if (word === 'route') {
    rule.direction = 'route';
    word = next();
  }
  if (word === 'insert') next();
  if (word === 'insert' || word === 'prepend') word = next();
  rule.action = word;
  while (words.length > 0) {
    word = next();
    switch (word) {
      case 'in':
      case 'out':
        if (rule.direction !== 'route') rule.direction = word;
        break;
      case 'on':
        rule.interface = next();
        break;
      case 'log':
      case 'log-all':
        rule.log = word;
        break;
      case 'from':
      case 'to': {
        end = word === 'from' ? from : to;
        const address = next();
        if (address !== 'any') end.address = address;
        break;
      }
      case 'port':
        end.ports = next();
        break;
      case 'app':
        end.application = next();
        break;
      case 'proto':
        rule.protocol = next();
        break;
      case 'comment':
        rule.comment = next();
        break;
      default:
        Object.assign(rule, simple(word, to));
    }
  }
  return rule;
}

/** `22`, `80,443/tcp`, `ssh`, or the name of an application. */
function simple(word: string, to: Changing<UfwEnd>): Partial<UfwRule> {
  if (to.ports !== undefined || to.application !== undefined) return { lost: `"${word}" is not known` };
  const [, ports, protocol] = /^([\d,:]+|[a-z][a-z0-9-]*)(?:\/([a-z]+))?$/.exec(word) ?? [];
  if (ports === undefined) to.application = word;
  else to.ports = ports;
  return protocol === undefined ? {} : { protocol };
}
