import { existsSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findInterface, inNamespace, mountBpffs, unmountBpffs } from '../../../src/kernel/index.ts';
import type { LabHost } from '../../../src/lab/index.ts';
import type { FiveTuple, Prefix } from '../../../src/policy/testing/classbench.ts';
import { addressText, hasPorts, isAny, type Loaded, prefixText, type RulePeer } from './rule-peer.ts';

/** One rule after the other, as code; and its sets, which are hash maps of the kernel. Debian has no package of it. */
export const bpfilter: readonly RulePeer[] = [
  {
    id: 'bpfilter',
    title: 'bpfilter, rule after rule',
    most: 10_000,
    takes: ({ family }) => family === 'v4',
    load: (host, { rules }) =>
      loadChain(
        host,
        rules.map((rule) => `rule ${matches(rule)} counter DROP`),
      ),
  },
  {
    id: 'bpfilter-set',
    title: 'bpfilter, set',
    most: 100_000,
    takes: ({ kind }) => ['sources', 'sources-and-ports', 'ports'].includes(kind),
    async load(host, { rules, kind }) {
      const keys = { sources: ['ip4.saddr'], ports: ['tcp.dport'] }[kind as string] ?? ['ip4.saddr', 'tcp.dport'];
      const text = ({ src, dstPort }: FiveTuple): Record<string, string> => ({
        'ip4.saddr': addressText(src.address, 'v4'),
        'tcp.dport': String(dstPort[0]),
      });
      const elements = new Set(rules.map((rule) => keys.map((key) => text(rule)[key]).join(', ')));
      const key = `(${keys.join(', ')})`;
      const set = `set listed ${key} in {\n${[...elements].join('\n')}\n}`;
      return { ...(await loadChain(host, [set, `rule ${key} in listed counter DROP`])), how: keys.join(', ') };
    },
  },
];

async function loadChain(host: LabHost, lines: readonly string[]): Promise<Loaded> {
  const found = (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(`${folder}/bfcli`));
  if (!found) throw new Error('no bfcli here');
  // What it pins goes into a file system of its own, so that several chains may have the same name.
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const [pins, file] = [join(folder, 'bpffs'), join(folder, 'chain')];
  mountBpffs(pins);
  const bfcli = async (...args: readonly string[]): Promise<void> => {
    const { status, stderr } = await host.exec('bfcli', ['--bpffs-path', pins, ...args], { timeoutMs: 60_000 });
    if (status !== 0) throw new Error(`bfcli: ${reasonOf(stderr)}`);
  };
  const clearAway = (): void => {
    unmountBpffs(pins);
    rmdirSync(pins);
    rmSync(folder, { recursive: true });
  };
  try {
    const { index } = inNamespace(host, () => findInterface('eth0'));
    writeFileSync(file, [`chain bench BF_HOOK_XDP{ifindex=${index}} DROP`, ...lines, ''].join('\n'));
    await bfcli('chain', 'set', '--from-file', file);
  } catch (error) {
    clearAway();
    throw error;
  }
  return {
    async tearDown() {
      await bfcli('ruleset', 'flush');
      clearAway();
    },
  };
}

/** Its first error, and the kernel's, which it prints on a line of its own. */
function reasonOf(stderr: string): string {
  const [, error] = /^error *: (.*?):?$/m.exec(stderr) ?? [];
  const [, errno] = /^errno:: (.*)$/m.exec(stderr) ?? [];
  return [error ?? 'ended without a word', errno].filter((part) => part !== undefined).join(': ');
}

function matches({ src, dst, srcPort, dstPort, protocol }: FiveTuple): string {
  const range = ([lo, hi]: readonly [number, number]): string => (lo === hi ? `eq ${lo}` : `range ${lo}-${hi}`);
  const address = (prefix: Prefix, which: 's' | 'd'): string => {
    if (prefix.length === 0) return '';
    if (prefix.length === 32) return `ip4.${which}addr eq ${addressText(prefix.address, 'v4')}`;
    return `ip4.${which}net eq ${prefixText(prefix, 'v4')}`;
  };
  const asked = [
    address(src, 's'),
    address(dst, 'd'),
    protocol === undefined ? '' : `meta.l4_proto eq ${protocol}`,
    hasPorts(protocol) && !isAny(srcPort) ? `meta.sport ${range(srcPort)}` : '',
    hasPorts(protocol) && !isAny(dstPort) ? `meta.dport ${range(dstPort)}` : '',
  ].filter((match) => match !== '');
  // A rule must ask for something.
  return asked.join(' ') || 'meta.l3_proto eq ipv4';
}
