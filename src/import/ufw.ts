import type { SourceText } from '../diagnostics/source.ts';
import { readIptables } from './iptables.ts';
import { type Loss, needsConnections, type Ruleset } from './ruleset.ts';

const ENTRANCES = {
  'ufw-user-input': 'ingress',
  'ufw6-user-input': 'ingress',
  'ufw-user-output': 'egress',
  'ufw6-user-output': 'egress',
} as const;

/** What the file of the rules does not say. */
const DEFAULTS: Loss = {
  code: 'import/approximate',
  message: 'the defaults of ufw are in another file: here they are to deny what comes in and to allow what goes out',
  help: 'compare /etc/default/ufw, and correct `default` in the policy',
};
const REPLIES = needsConnections('ufw lets the packets of known connections in before all of these rules');

/** Reads ufw's user.rules and user6.rules, one of them or both: what people have added, without ufw's own chains. */
export function readUfw(source: SourceText, givenInterfaces: readonly string[]): Ruleset {
  const ruleset = readIptables(source, givenInterfaces, { entrances: ENTRANCES });
  return { ...ruleset, losses: [...ruleset.losses, DEFAULTS, REPLIES] };
}
