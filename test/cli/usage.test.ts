import { spawnSync } from 'node:child_process';
import { afterAll, describe, expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { command, createFolder, policy, policyFiles, sluice } from './sluice.ts';

const folder = createFolder({ ...policyFiles, 'bad.yaml': policy.replace('reject', 'regect') });
afterAll(() => folder.remove());

describe('wrong use', () => {
  const packet = 'tcp 192.0.2.1:1 > 192.0.2.2:2';
  test.each([
    ['an unknown command', ['chekc'], 'did you mean check?'],
    ['a missing argument', ['check'], 'sluice check --help'],
    ['an argument too many', ['check', 'policy.yaml', 'other.yaml'], 'sluice check --help'],
    ['an unknown option', ['replay', '--modle', 'policy.yaml', 'a.pcap'], 'did you mean --model?'],
    ['an unknown output form', ['check', 'policy.yaml', '-o', 'xml'], 'table, json, ndjson, yaml'],
    ['an option without its value', ['check', 'policy.yaml', '-o'], 'sluice check --help'],
    ['an unknown direction', ['ask', 'policy.yaml', packet, '-d', 'sideways'], 'ingress, egress'],
    [
      'an interface that the policy does not have',
      ['ask', '-m', 'policy.yaml', packet, '-i', 'eth1'],
      'did you mean "eth0"?',
    ],
    ['a packet that is none', ['ask', '-m', 'policy.yaml', 'tpc 192.0.2.1:1 > 192.0.2.2:2'], 'tcp'],
    ['an unknown shell', ['completion', 'ksh'], 'bash, zsh, fish'],
    ['an interval that is no number', ['up', 'policy.yaml', '--interval', 'often'], '0.1'],
    ['an unknown action of the lab', ['lab', 'burn'], 'up, list, clean'],
  ])('%s ends with 2, and help on standard error', (_, args, help) => {
    const { status, stdout, stderr } = sluice(args, { cwd: folder.path });
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^error: /);
    expect(stderr).toContain(help);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  test('no command at all shows the help and ends with 2', () => {
    const { status, stdout, stderr } = sluice([]);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('Usage: sluice');
  });

  test('it is said in JSON where JSON was asked for', () => {
    const { stderr } = sluice(['check', '-o', 'json']);
    expect(JSON.parse(stderr).problems).toEqual([expect.objectContaining({ code: 'cli/usage', severity: 'error' })]);
  });
});

test.each([['--help'], ['help'], ['check', '--help'], ['help', 'ask']])('%s %s is no wrong use', (...args) => {
  const { status, stdout, stderr } = sluice(args);
  expect(status).toBe(0);
  expect(stdout).toContain('Usage: sluice');
  expect(stderr).toBe('');
});

test('the version is that of the package', () => {
  expect(sluice(['--version']).stdout.trim()).toBe(packageJson.version);
});

describe('errors in the form that was asked for', () => {
  const ask = (...args: string[]) =>
    sluice(['ask', 'bad.yaml', 'icmp 192.0.2.1 > 192.0.2.2', ...args], { cwd: folder.path });

  test('JSON', () => {
    const { status, stdout, stderr } = ask('-o', 'json');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(JSON.parse(stderr).problems[0]).toMatchObject({ file: 'bad.yaml', line: 13 });
  });

  test('NDJSON: a problem a line', () => {
    const lines = ask('-o', 'ndjson').stderr.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([expect.objectContaining({ file: 'bad.yaml', line: 13 })]);
  });

  test('YAML', () => {
    expect(ask('-o', 'yaml').stderr).toMatch(/^problems:\n {2}- code: policy\//);
  });
});

describe('colours', () => {
  const ESCAPE = String.fromCharCode(27);
  const check = (args: string[], env = {}) => sluice(['check', 'bad.yaml', ...args], { cwd: folder.path, env }).stderr;

  test('only where a terminal is, or where they are asked for', () => {
    expect(check([])).not.toContain(ESCAPE);
    expect(check(['--color', 'always'])).toContain(ESCAPE);
  });

  test.each([
    ['a terminal has them', {}, true],
    ['NO_COLOR takes them away', { NO_COLOR: '1' }, false],
    ['an empty NO_COLOR says nothing', { NO_COLOR: '' }, true],
    ['a dumb terminal has none', { TERM: 'dumb' }, false],
  ])('%s', (_, env, expected) => {
    const line = `${process.execPath} ${command} check bad.yaml`;
    const { stdout } = spawnSync('script', ['-qfec', line, '/dev/null'], {
      cwd: folder.path,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], TERM: 'xterm', ...env },
    });
    expect(stdout).toContain('regect');
    expect(stdout.includes(ESCAPE)).toBe(expected);
  });
});

test('a reader that has seen enough is no error', () => {
  const pipe = `set -o pipefail; ${process.execPath} ${command} completion bash | head -1`;
  const { status, stderr } = spawnSync('bash', ['-c', pipe], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});
