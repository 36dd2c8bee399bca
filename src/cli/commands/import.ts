import { Argument, type Command } from 'commander';
import { type Problem, SluiceError } from '../../diagnostics/problem.ts';
import type { SourceText } from '../../diagnostics/source.ts';
import type { ImportFormat } from '../../import/index.ts';
import { answering, defineCommand } from '../define-command.ts';
import { problemData } from '../output/problems.ts';
import type { ExitCode, Session } from '../session.ts';

const HELP = `
Formats: nftables   what \`nft -j list ruleset\` prints
         iptables   what \`iptables-save\` or \`ip6tables-save\` prints, or both in one file
         ufw        what \`ufw status verbose\` or \`ufw show added\` prints, or user.rules and user6.rules of /etc/ufw

The policy goes to standard output. What it does not have, or has in another way, is a warning each, and a comment
where it would stand: read them all before the policy takes the place of the ruleset.

  nft -j list ruleset | sluice import nftables --interface eth0 > policy.yaml

Exit status: 0 the policy is written (what is left out are warnings), 1 the ruleset cannot be read, 2 wrong use.`;

const MAX_BYTES = 64 * 1024 * 1024;

interface Options {
  readonly interface?: readonly string[];
}

export function importCommand(): Command {
  return defineCommand('import', 'write a ruleset of nftables, iptables or ufw as a policy')
    .addArgument(new Argument('<format>', 'whose ruleset it is').choices(['nftables', 'iptables', 'ufw']))
    .argument('[file]', 'the ruleset; left out, standard input')
    .option('-i, --interface <name>', 'what the policy is for (may be repeated); left out, what the rules name', add)
    .addHelpText('after', HELP)
    .action(answering(importAs));
}

const add = (name: string, before: readonly string[] = []): readonly string[] => [...before, name];

async function importAs(session: Session, options: Options, format: ImportFormat, path?: string): Promise<ExitCode> {
  const [{ importRuleset }, source] = await Promise.all([import('../../import/index.ts'), readSource(path)]);
  const { text, rules, problems } = importRuleset(format, source, {
    ...(options.interface && { interfaces: options.interface }),
  });
  const found = problems.map(problemData);
  // In other forms the problems are part of the answer.
  if (session.form === 'table') await session.complain(problems);
  await session.print({
    data: { format, file: source.path, rules, policy: text, problems: found },
    items: [...found, { format, file: source.path, rules, policy: text }],
    text: () => text,
  });
  return 0;
}

async function readSource(path: string | undefined): Promise<SourceText> {
  const { decodeText, readRegularFile } = await import('../../policy/parse/read-file.ts');
  const bytes = path === undefined || path === '-' ? await readInput() : readRegularFile(path, MAX_BYTES);
  const shown = path ?? 'standard input';
  if (!(bytes instanceof Uint8Array)) throw new SluiceError(bytes satisfies Problem);
  const decoded = decodeText(bytes);
  if ('text' in decoded) return { path: shown, text: decoded.text };
  throw new SluiceError({ code: 'import/unreadable', message: `${shown} is not a text: it has ${decoded.reason}` });
}

async function readInput(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}
