import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { protocolNumbers } from '../src/packet/names.ts';
import { notationOptions } from '../src/packet/notation-options.ts';
import { reasonWords } from '../src/policy/words/reason.ts';
import { FILE_KEYS, TEST_KEYS } from '../src/policy-tests/read-test-file.ts';
import { eventLines } from './commands-events.ts';
import { optionsTable, sharedOptions, visibleCommands } from './commands-reference.ts';
import { code, markdownTable } from './markdown.ts';

const TEXT = 'scripts/commands-introduction.md';

/** What all commands have in common: the text of commands-introduction.md, where `{{name}}` stands for a part from the code. */
export async function commandsIntroduction(program: Command): Promise<string> {
  const parts: Readonly<Record<string, string>> = {
    'shared options': optionsTable(sharedOptions(program)),
    'ndjson lines': ndjsonTable(program),
    protocols: ['arp', ...protocolNumbers.keys()].map(code).join(', '),
    'packet options': packetOptionsTable(),
    'test keys': testKeysTable(),
    reasons: reasonsTable(),
    events: await eventLines(),
  };
  return readFileSync(TEXT, 'utf8')
    .trimEnd()
    .replace(/\{\{(.+?)\}\}/g, (_, name: string) => wordsFor(name, parts));
}

function wordsFor(name: string, words: Readonly<Record<string, string>>): string {
  const found = words[name];
  if (found === undefined) throw new Error(`nothing is written here of "${name}"`);
  return found;
}

/** What a line of `-o ndjson` holds, by the command. */
const ndjsonLines: Readonly<Record<string, string>> = {
  check: 'a problem; and at last, where the policy is in order, what is in it',
  explain: 'the whole answer',
  ask: 'the whole answer',
  replay: 'a packet; with `--compare`, a packet that is judged differently',
  diff: 'a setting, a set, a rule or a verdict that is different: `kind` tells which',
  test: 'a test and what came of it',
  import: 'a problem; and at last the policy',
  run: 'an event',
  apply: 'the whole answer',
  confirm: 'the whole answer',
  rollback: 'the whole answer',
  history: 'a revision; with a number, the whole answer',
  up: 'an event',
  status: 'the whole answer',
  rules: 'a counter',
  connections: 'a connection; with `--follow`, a change of one; of `kill`, how many',
  sets: 'a set and what it takes; with a name, a member',
  feeds: 'a feed; of `refresh`, what came of fetching it',
  down: 'the whole answer',
  doctor: 'something about the system, a feature of the kernel, or an interface',
  lab: 'a host (`up`) or a lab (`list`); the whole answer (`clean`)',
  completion: 'the shell and its script',
};

function ndjsonTable(program: Command): string {
  const commands = visibleCommands(program).filter(({ options }) => options.length > 0);
  const rows = commands.map((command) => [code(command.name()), wordsFor(command.name(), ndjsonLines)]);
  return markdownTable(['command', 'a line is'], rows);
}

/** What a packet has where an option is left out. */
const packetDefaults: Readonly<Record<string, string>> = {
  flags: '`S`',
  type: '`echo-request`',
  code: '`0`',
  length: 'what headers and payload take',
  ttl: '`64`; of neighbour discovery `255`',
  dscp: '`0`',
  vlan: 'no tag',
  fragment: 'a whole packet',
  payload: 'zeroes, as many as `length` has room for',
  interface: "the policy's first",
};

function packetOptionsTable(): string {
  const rows = Object.entries(notationOptions).map(([name, { of, expects }]) => [
    code(name),
    of?.what ?? 'every packet',
    expects,
    wordsFor(name, packetDefaults),
  ]);
  return markdownTable(['option', 'of', 'value', 'where left out'], rows);
}

const fileKeys: Readonly<Record<(typeof FILE_KEYS)[number], string>> = {
  policy: "the path of the policy, from the test file's folder; left out, `web.test.yaml` tests `web.yaml` beside it",
  tests: 'the list of tests; must be there',
};

const testKeys: Readonly<Record<(typeof TEST_KEYS)[number], string>> = {
  packet: 'the packet, written as above; must be there',
  expect: '`allow`, `drop` or `reject`; must be there',
  rule: 'the rule that must decide; `null`: none may. Left out, it may be any or none',
  reason: 'what must decide where no rule does: one of the reasons below. Left out, it may be any',
  direction: '`ingress` or `egress`; left out, `ingress`',
  interface: "the interface that the packet passes; left out, the packet's option, else the policy's first",
  at: 'when the packet passes, like `2026-12-24T18:00+01:00`, for rules with a `when`; left out, now',
  name: 'what the test is called; left out, as its packet is written',
};

function testKeysTable(): string {
  const rows = [
    ...FILE_KEYS.map((key) => ['the file', code(key), fileKeys[key]]),
    ...TEST_KEYS.map((key) => ['a test', code(key), testKeys[key]]),
  ];
  return markdownTable(['of', 'key', ''], rows);
}

function reasonsTable(): string {
  const defaults = ['ingress', 'egress'].map((stage) => [
    code(`default-${stage}`),
    `no rule of ${stage} matches, or there is none`,
  ]);
  const others = Object.entries(reasonWords).map(([reason, words]) => [code(reason), words]);
  return markdownTable(['reason', ''], [...defaults, ...others]);
}
