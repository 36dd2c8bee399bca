import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createPair } from '../../src/lab/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-package-'));
const installed = join(folder, 'node_modules/sluice');

/** What a machine without a tool chain has: no compiler, no make, no python. */
const onThePath = ['node', 'npm', 'sh', 'env'];
const path = join(folder, 'path');
const env = { ...process.env, PATH: path, NODE_OPTIONS: '', npm_config_audit: 'false', npm_config_fund: 'false' };

const command = join(folder, 'node_modules/.bin/sluice');
const sluice = (...args: string[]) => spawnSync(command, args, { cwd: folder, env, encoding: 'utf8' });

beforeAll(() => {
  mkdirSync(path);
  for (const program of onThePath) symlinkSync(locate(program), join(path, program));

  execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], { stdio: ['ignore', 'ignore', 'inherit'] });
  const tarball = readdirSync(folder).find((file) => file.endsWith('.tgz')) ?? 'no tarball';
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  execFileSync('npm', ['install', '--silent', '--prefer-offline', `./${tarball}`], { cwd: folder, env });
}, 180_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const policy = (action: string) => `
version: 1
interfaces: [eth0]
ingress:
  default: drop
  rules:
    - { name: web, protocol: tcp, port: 80, action: ${action} }
`;

test('a good policy passes the check, a bad one fails it with a place', () => {
  writeFileSync(join(folder, 'good.yaml'), policy('allow'));
  writeFileSync(join(folder, 'bad.yaml'), policy('alow'));

  expect(sluice('check', 'good.yaml').status).toBe(0);
  const bad = sluice('check', 'bad.yaml');
  expect(bad.status).toBe(1);
  expect(bad.stderr).toContain('bad.yaml:7:');
});

test('a policy goes up on a machine without a compiler, and decides what passes', async () => {
  const lab = await createPair({ name: 'package' });
  onTestFinished(() => lab.close());
  const [client, host] = [lab.host('client'), lab.host('host')];
  await host.serveHttp(80);
  const pinged = async () => (await client.exec('ping', ['-c', '1', '-W', '1', host.address(4)])).status === 0;
  const fetched = async () => (await client.exec('curl', ['-sS', '-m', '5', `http://${host.address(4)}/`])).stdout;
  expect(await pinged()).toBe(true);

  writeFileSync(join(folder, 'policy.yaml'), policy('allow'));
  const up = await host.spawn('env', [`PATH=${path}`, command, 'up', join(folder, 'policy.yaml')]);
  await up.printed('eth0');
  expect(await fetched()).toBe('hello from host\n');
  expect(await pinged()).toBe(false);

  await up.stop('SIGINT');
  expect(await pinged()).toBe(true);
});

test('the published modules can be imported', () => {
  const script = `
    import { R0, createAssembler } from 'sluice/asm';
    import * as kernel from 'sluice/kernel';
    import * as sluice from 'sluice';
    console.log(typeof createAssembler, typeof kernel.loadProgram, typeof sluice.definePolicy);
  `;
  const args = ['--input-type=module', '--eval', script];
  const { stdout, stderr } = spawnSync('node', args, { cwd: folder, env, encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(stdout).toBe('function function function\n');
});

test('compiled objects, types, the schema, examples and all licences are in it; sources and tests are not', () => {
  const files = readdirSync(installed, { recursive: true }).map(String);
  expect(files).toEqual(
    expect.arrayContaining([
      'LICENSE',
      'LICENSES/BSD-2-Clause.txt',
      'LICENSES/GPL-2.0-only.txt',
      'dist/THIRD-PARTY-LICENSES.txt',
      'dist/bpf/xdp.bpf.o',
      'dist/bpf/tc.bpf.o',
      'dist/policy.schema.json',
      'dist/types/index.d.ts',
      'examples/edge.yaml',
    ]),
  );
  const ours = files.filter((file) => !file.startsWith('examples/'));
  expect(ours.filter((file) => /\.(c|h)$|(?<!\.d)\.ts$|\.test\./.test(file))).toEqual([]);
});

test('nothing that it needs has to be compiled on installation', () => {
  const { dependencies } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  expect(Object.keys(dependencies).sort()).toEqual(['jiti', 'koffi']);
});

function locate(program: string): string {
  if (program === 'node') return process.execPath;
  if (program === 'npm') return join(dirname(process.execPath), 'npm');
  return execFileSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim();
}
