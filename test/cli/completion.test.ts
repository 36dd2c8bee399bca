import { spawnSync } from 'node:child_process';
import { afterAll, describe, expect, test } from 'vitest';
import { createFolder, sluice } from './sluice.ts';

const folder = createFolder({ 'edge.yaml': '', 'trace.pcap': '' });
afterAll(() => folder.remove());

const script = (shell: string) => sluice(['completion', shell]).stdout;

describe('bash', () => {
  const bash = script('bash');

  /** What Tab offers behind these words, of which the last may be begun. */
  function offered(...words: string[]): string[] {
    const quoted = words.map((word) => `'${word}'`).join(' ');
    const program = `${bash}\nCOMP_WORDS=(sluice ${quoted}); COMP_CWORD=${words.length}
compopt() { :; }; _sluice; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', program], { cwd: folder.path, encoding: 'utf8' });
    expect(stderr).toBe('');
    return stdout.split('\n').filter((word) => word !== '');
  }

  test('commands', () => {
    expect(offered('')).toEqual(
      expect.arrayContaining(['check', 'ask', 'replay', 'up', 'doctor', 'completion', 'help']),
    );
    expect(offered('re')).toEqual(['replay']);
  });

  test('options of the command', () => {
    expect(offered('replay', '--')).toEqual(expect.arrayContaining(['--compare', '--model', '--output', '--help']));
    expect(offered('status', '--mo')).toEqual([]);
    expect(offered('-')).toEqual(expect.arrayContaining(['--version', '--help']));
  });

  test('values of options and arguments', () => {
    expect(offered('check', '-o', '')).toEqual(['table', 'json', 'ndjson', 'yaml']);
    expect(offered('ask', '--direction', 'e')).toEqual(['egress']);
    expect(offered('completion', '')).toEqual(['bash', 'zsh', 'fish']);
    expect(offered('help', 'ex')).toEqual(['explain']);
  });

  test('files', () => {
    expect(offered('check', 'ed')).toEqual(['edge.yaml']);
    expect(offered('replay', 'edge.yaml', 'tr')).toEqual(['trace.pcap']);
    expect(offered('replay', '--compare', '')).toEqual(expect.arrayContaining(['edge.yaml', 'trace.pcap']));
  });
});

describe.each(['zsh', 'fish'])('%s', (shell) => {
  test('every command and option is in it', () => {
    const text = script(shell);
    const help = sluice(['--help']).stdout;
    const commands = [...help.matchAll(/^ {2}([a-z]+)(?: |$)/gm)].map((match) => match[1] ?? '');
    expect(commands).toContain('explain');
    for (const command of commands) expect(text).toContain(command);
    for (const option of ['output', 'model', 'compare', 'netns', 'bytecode']) expect(text).toContain(option);
  });
});

test('zsh takes the script', () => {
  const { status, stderr } = spawnSync('zsh', ['-n'], { input: script('zsh'), encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

describe('fish completes', () => {
  folder.write('sluice.fish', script('fish'));

  test.each([
    ['sluice re', ['replay']],
    ['sluice check -o ', ['json', 'ndjson', 'table', 'yaml']],
    ['sluice ask --dir', ['--direction']],
    ['sluice check ed', ['edge.yaml']],
    ['sluice completion ', ['bash', 'fish', 'zsh']],
  ])('%s', (line, expected) => {
    const program = `source sluice.fish; complete -C '${line}'`;
    const { stdout, stderr } = spawnSync('fish', ['-c', program], { cwd: folder.path, encoding: 'utf8' });
    expect(stderr).toBe('');
    const words = stdout
      .trimEnd()
      .split('\n')
      .map((row) => row.split('\t')[0]);
    expect(words).toEqual(expected);
  });
});
