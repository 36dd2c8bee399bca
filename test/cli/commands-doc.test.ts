import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { buildFrame } from '../../src/packet/build.ts';
import { parseNotation } from '../../src/packet/notation.ts';
import { writePcap } from '../../src/packet/pcap.ts';
import { command, createFolder, sluice } from './sluice.ts';

const page = readFileSync('docs/commands.md', 'utf8');
const blocks = [...page.matchAll(/^```(\w+)\n(.*?)\n```$/gms)].map(([, language, text = '']) => ({ language, text }));

/** What begins with its name in a comment is a file. */
const files = Object.fromEntries(
  blocks.flatMap(({ text }) => {
    const name = /^# (\S+\.\w+)\n/.exec(text)?.[1];
    return name === undefined ? [] : [[name, `${text}\n`] as const];
  }),
);

const frameOf = (packet: string): Uint8Array => buildFrame(parseNotation(packet));
const whole = ['tcp 203.0.113.7:40000 > 192.0.2.10:22', 'udp 198.18.0.1:53 > 192.0.2.10:53'].map(frameOf);
const telnet = frameOf('tcp 198.51.100.7:40000 > 192.0.2.10:23');
const trace = writePcap([
  ...[...whole, telnet].map((bytes) => ({ bytes })),
  { bytes: telnet.subarray(0, 40), wireLength: telnet.length },
]);

const folder = createFolder({ ...files, 'trace.pcap': trace });
afterAll(() => folder.remove());

/** Every line behind a `$`, and what stands below it. One after the other: some write files that others read. */
const transcripts = blocks
  .filter(({ language }) => language === 'console')
  .flatMap(({ text }) => text.split(/^\$ /m).slice(1))
  .map((transcript) => {
    const [line = '', ...output] = transcript.trimEnd().split('\n');
    return [line, output.map((one) => `${one}\n`).join('')] as const;
  });

test.each(transcripts)('%s', (line, output) => {
  const { stdout } = spawnSync('bash', ['-c', `exec 2>&1; ${line}`], {
    cwd: folder.path,
    encoding: 'utf8',
    env: { ...process.env, PATH: `${dirname(command)}:${process.env['PATH']}` },
  });
  expect(stdout).toBe(output);
});

const section = (heading: string): string => page.split(/^## /m).find((text) => text.startsWith(heading)) ?? '';
const packets = (/```text\n(.*?)```/s.exec(section('Packets'))?.[1] ?? '').trimEnd().split('\n');

test.each(packets)('%s is a packet', (packet) => {
  const { stdout, stderr } = sluice(['ask', '-m', 'web.yaml', packet], { cwd: folder.path });
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^(allow|drop|reject) /);
});

test('what is left out of a packet is what the table of options says', () => {
  const same = (short: string, long: string) => expect(frameOf(short)).toEqual(frameOf(long));
  same('tcp 192.0.2.1:1 > 192.0.2.2:2', 'tcp 192.0.2.1:1 > 192.0.2.2:2 flags=S ttl=64 dscp=0 length=40');
  same('icmp6 fe80::1 > fe80::2', 'icmp6 fe80::1 > fe80::2 type=echo-request code=0 length=48');
  same('icmp6 fe80::1 > fe80::2 router-solicitation', 'icmp6 fe80::1 > fe80::2 router-solicitation ttl=255');
  same('gre 192.0.2.1 > 192.0.2.2 length=26', 'gre 192.0.2.1 > 192.0.2.2 payload=0000');
});

test('the events are about rules of the policy, by their lines', () => {
  const lines = (files['web.yaml'] ?? '').split('\n');
  const events = /```json\n(.*?)```/s.exec(section('Events'))?.[1] ?? '';
  const named = [...events.matchAll(/"rule":"([^"]+)"(?:,"stage":"ingress")?,"line":(\d+)/g)];
  expect(named.length).toBeGreaterThan(0);
  for (const [, rule, line] of named) expect(lines[Number(line) - 1]).toContain(`name: ${rule},`);
});
