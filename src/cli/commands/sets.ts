import type { Command } from 'commander';
import type { FoundSet } from '../../datapath/index.ts';
import { SluiceError } from '../../diagnostics/problem.ts';
import { didYouMean } from '../../diagnostics/suggest.ts';
import type { SetMember } from '../../kernel/index.ts';
import { formatAddress } from '../../packet/address.ts';
import { readDuration } from '../../policy/check/set-options.ts';
import { answering, defineCommand } from '../define-command.ts';
import { addNetnsOption, enterNetns, type NetnsOption } from '../enforcement/netns.ts';
import type { Answer } from '../output/answer.ts';
import { formatBytes, formatCount, formatDuration } from '../output/numbers.ts';
import type { Paint } from '../output/style.ts';
import { type Cell, type Column, renderTable } from '../output/table.ts';
import type { ExitCode, Session } from '../session.ts';

const HELP = `
  list [NAME]              the same as without a word: all sets, or the members of one.
  add NAME MEMBER…         adds addresses, prefixes or ranges to a set that is dynamic, all or none. They stay through
                           new versions of the policy, until their time is over or they are removed.
  remove NAME MEMBER…      takes out what was added. What the policy or a file lists is taken out there.

Shows the sets of addresses that are looked up in maps; those of up to eight prefixes without counters and time to live
are part of the programs. With a name, its members: the busiest first, where the set counts.

Exit status: 0 they are shown, 1 it cannot be done: no policy is in force, or it has no such set, 2 wrong use.`;

export function setsCommand(): Command {
  return addNetnsOption(defineCommand('sets', 'show the sets of the policy in force, or add and remove members'))
    .usage('[options] [list] [NAME] | add NAME MEMBER… | remove NAME MEMBER…')
    .argument('[what...]', 'a set, whose members are shown; or what to do, see below')
    .option('--ttl <time>', 'with add: how long the members stay, like 10m; left out, what the set says')
    .addHelpText('after', HELP)
    .action(answering(sets));
}

interface Options extends NetnsOption {
  readonly ttl?: string;
}

async function sets(session: Session, options: Options, what: readonly string[]): Promise<ExitCode> {
  const [action, ...rest] = isAction(what[0]) ? [what[0], ...what.slice(1)] : (['list', ...what] as const);
  const [written, ...members] = rest;
  const name = written?.replace(/^@/, '');
  if (action === 'list' && members.length > 0) throw usage(`too many words: ${members.join(' ')}`);
  if (action !== 'list' && members.length === 0) throw usage(`${action} wants a set and its members`);
  if (action !== 'add' && options.ttl !== undefined) throw usage('--ttl goes with add');
  const ttlMs = options.ttl === undefined ? undefined : readTtl(options.ttl);
  const { readEnforcement } = await import('../../datapath/index.ts');
  await enterNetns(options);
  const found = readEnforcement();
  if (!found) throw new SluiceError({ code: 'datapath/nothing-enforced', message: 'no policy is in force here' });
  const inForce = found.sets();
  if (action === 'list') await session.print(name === undefined ? overview(inForce) : membersOf(inForce, name));
  else await session.print(await change(action, inForce, name as string, members, ttlMs));
  return 0;
}

const actions = ['list', 'add', 'remove'] as const;
type Action = (typeof actions)[number];
const isAction = (word: string | undefined): word is Action => actions.some((one) => one === word);

const usage = (message: string): SluiceError =>
  new SluiceError({ code: 'cli/usage', message, help: '`sluice sets --help` shows what can be given' });

function readTtl(text: string): number {
  const ttlMs = readDuration(text);
  if (!Number.isNaN(ttlMs)) return ttlMs;
  throw usage(`--ttl: "${text}" is not a time to live: write it like "90s", "10m", "1h" or "7d"`);
}

/** Looks at what is asked before anybody is bothered with it, and has the owner of the sets do it. */
async function change(
  action: 'add' | 'remove',
  inForce: readonly FoundSet[],
  set: string,
  members: readonly string[],
  ttlMs: number | undefined,
): Promise<Answer> {
  const [{ readMembers, setNotDynamic }, { changeMembers }] = await Promise.all([
    import('../../datapath/index.ts'),
    import('../set-owner.ts'),
  ]);
  const found = inForce.find(({ name }) => name === set);
  if (!found) throw unknownSet(set, inForce);
  if (!found.dynamic) throw setNotDynamic(found);
  readMembers(members);
  const changed = await changeMembers(
    action === 'add'
      ? { set, add: members.map((prefix) => ({ prefix, ...(ttlMs !== undefined && { ttlMs }) })) }
      : { set, remove: members },
  );
  const data = { set, [action === 'add' ? 'added' : 'removed']: changed };
  const text = action === 'add' ? `${changed} added to ${set}\n` : `${changed} removed from ${set}\n`;
  return { data, items: [data], text: () => text };
}

/** A set of one family, as data. Null where nothing is counted, or nothing expires. */
interface SetRow {
  readonly set: string;
  readonly family: 4 | 6;
  readonly line: number;
  readonly file: string | null;
  readonly members: number;
  readonly packets: number | null;
  readonly bytes: number | null;
  readonly ttlSeconds: number | null;
  readonly memory: { readonly usedBytes: number; readonly limitBytes: number; readonly bytesPerMember: number };
}

function overview(inForce: readonly FoundSet[]): Answer {
  const rows = inForce.map(setRow);
  return { data: { sets: rows }, items: rows, text: (paint) => overviewTable(rows, paint) };
}

function setRow(set: FoundSet): SetRow {
  const { members, memory } = set.read();
  const total = (what: 'packets' | 'bytes'): number | null =>
    set.counters ? Number(members.reduce((sum, { counter }) => sum + (counter?.[what] ?? 0n), 0n)) : null;
  return {
    set: set.name,
    family: familyOf(set),
    line: set.line,
    file: set.file ?? null,
    members: members.length,
    packets: total('packets'),
    bytes: total('bytes'),
    ttlSeconds: set.ttlMs === undefined ? null : set.ttlMs / 1000,
    memory: {
      usedBytes: memory.used,
      limitBytes: memory.limit,
      bytesPerMember: Number(memory.perMember.toFixed(1)),
    },
  };
}

const familyOf = ({ family }: FoundSet): 4 | 6 => (family === 'v4' ? 4 : 6);

const SET_COLUMNS: readonly Column[] = [
  { head: 'set' },
  { head: 'line', align: 'right' },
  { head: '' },
  { head: 'members', align: 'right' },
  { head: 'packets', align: 'right' },
  { head: 'bytes', align: 'right' },
  { head: 'ttl', align: 'right' },
  { head: 'memory', align: 'right' },
  { head: 'file' },
];

function overviewTable(rows: readonly SetRow[], paint: Paint): string {
  if (rows.length === 0) return 'no set is looked up in a map\n';
  const cells = rows.map((row): Cell[] => [
    row.set,
    String(row.line),
    `IPv${row.family}`,
    formatCount(row.members),
    row.packets === null ? '' : formatCount(row.packets),
    row.bytes === null ? '' : formatBytes(row.bytes),
    row.ttlSeconds === null ? '' : formatDuration(row.ttlSeconds),
    `${formatBytes(row.memory.usedBytes)} of ${formatBytes(row.memory.limitBytes)}`,
    { text: row.file ?? '', style: 'dim' },
  ]);
  return renderTable(SET_COLUMNS, cells, paint);
}

/** A member, as data. */
interface MemberRow {
  readonly member: string;
  readonly packets: number | null;
  readonly bytes: number | null;
  /** Until it is not found any more. */
  readonly ttlSeconds: number | null;
}

function membersOf(inForce: readonly FoundSet[], name: string): Answer {
  const parts = inForce.filter((set) => set.name === name);
  if (parts.length === 0) throw unknownSet(name, inForce);
  const rows = parts.flatMap((set) => set.read().members.map((member) => memberRow(member, familyOf(set))));
  if (parts[0]?.counters) rows.sort((a, b) => (b.packets ?? 0) - (a.packets ?? 0));
  return { data: { set: name, members: rows }, items: rows, text: (paint) => memberTable(rows, paint) };
}

function memberRow({ address, length, counter, ttlMs }: SetMember, family: 4 | 6): MemberRow {
  const text = formatAddress({ family, hi: address >> 64n, lo: BigInt.asUintN(64, address) });
  return {
    member: length === (family === 4 ? 32 : 128) ? text : `${text}/${length}`,
    packets: counter === undefined ? null : Number(counter.packets),
    bytes: counter === undefined ? null : Number(counter.bytes),
    ttlSeconds: ttlMs === undefined ? null : Math.ceil(ttlMs / 1000),
  };
}

const MEMBER_COLUMNS: readonly Column[] = [
  { head: 'member' },
  { head: 'packets', align: 'right' },
  { head: 'bytes', align: 'right' },
  { head: 'ttl left', align: 'right' },
];

function memberTable(rows: readonly MemberRow[], paint: Paint): string {
  const cells = rows.map((row): Cell[] => [
    row.member,
    row.packets === null ? '' : formatCount(row.packets),
    row.bytes === null ? '' : formatBytes(row.bytes),
    row.ttlSeconds === null ? '' : formatDuration(row.ttlSeconds),
  ]);
  return renderTable(MEMBER_COLUMNS, cells, paint);
}

function unknownSet(name: string, inForce: readonly FoundSet[]): SluiceError {
  const names = [...new Set(inForce.map((set) => set.name))];
  const help = didYouMean(name, names) ?? (names.length > 0 ? `there are ${names.join(', ')}` : undefined);
  const message = `no set "${name}" is looked up in a map`;
  return new SluiceError({ code: 'policy/unknown-set', message, ...(help !== undefined && { help }) });
}
