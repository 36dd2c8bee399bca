import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openRehearsal } from '../../src/datapath/rehearsal.ts';
import { type ImportFormat, importRuleset } from '../../src/import/index.ts';
import { createPair, type LabHost } from '../../src/lab/index.ts';
import { describePacket } from '../../src/packet/describe.ts';
import { parseFrame } from '../../src/packet/parse.ts';
import { seed } from '../differential/effort.ts';
import { createRandom } from '../differential/random.ts';
import { policyOf } from '../policy-of.ts';
import { hostAddresses, packetsFor } from './rulesets/packets-for.ts';
import { deviceIngress, input, output, type Place, prerouting } from './rulesets/places.ts';

/**
 * The kernel says what a ruleset means: the same packets go by the chains of a host with the ruleset in force, and to the
 * policy that was made of it. Each packet has a number, which a set behind all chains keeps of those that come so far.
 */
const PACKETS = 1500;

const folder = join(import.meta.dirname, 'rulesets');

interface Loader {
  readonly format: ImportFormat;
  /** Loads the ruleset on the host, and gives what the firewall's own program then prints. */
  load(host: LabHost): Promise<{ text: string; printed: string }>;
}

const nft = (file: string): Loader => ({
  format: 'nftables',
  async load(host) {
    await mustWork(host, 'nft', ['-f', join(folder, file)]);
    return {
      text: readFileSync(join(folder, file), 'utf8'),
      printed: await mustWork(host, 'nft', ['-j', 'list', 'ruleset']),
    };
  },
});

const iptables = (versions: readonly ('' | '6')[], file = 'host.ip'): Loader => ({
  format: 'iptables',
  async load(host) {
    let [text, printed] = ['', ''];
    for (const version of versions) {
      const input = readFileSync(join(folder, file.endsWith('.ip') ? `${file}${version}tables` : file), 'utf8');
      text += input;
      await mustWork(host, `ip${version}tables-legacy-restore`, [], input);
      printed += await mustWork(host, `ip${version}tables-legacy-save`, []);
    }
    return { text, printed };
  },
});

const cases: readonly (readonly [string, Loader, Place])[] = [
  ['a web server', nft('web-server.nft'), input],
  ['block lists, before the stack and in two chains of one hook', nft('blocklists.nft'), input],
  ['chains that return, verdict maps, concatenations', nft('user-chains.nft'), input],
  ['iptables, whose chains say nothing of IPv6', iptables(['']), input],
  ['iptables of both families', iptables(['', '6']), input],
  ['ip6tables alone', iptables(['6']), input],
  ['fragments, before they are put together', nft('fragments.nft'), prerouting],
  ['tags of VLANs', nft('vlan.nft'), deviceIngress([6, 7, 8, 9, 10, 99, 100, 150, 200, 201])],
  ['what goes out, in two chains of one hook', nft('output.nft'), output],
  ['what goes out, by iptables', iptables([''], 'output.iptables'), output],
];

test.each(cases)('%s: the policy judges each packet as the kernel does', async (_, loader, place) => {
  const lab = await createPair({ name: 'import' });
  try {
    const [host, client] = [lab.host('host'), lab.host('client')];
    for (const address of [...hostAddresses[4], ...hostAddresses[6]]) {
      await host.exec('ip', ['address', 'replace', address, 'dev', 'lo', ...(address.includes(':') ? ['nodad'] : [])]);
    }
    if (place.direction === 'egress') await leadOut(host, client);
    const { text, printed } = await loader.load(host);
    await mustWork(host, 'nft', ['-f', '-'], place.probe);
    const source = { path: 'ruleset', text: printed };
    const { text: written } = importRuleset(loader.format, source, { interfaces: ['eth0'] });
    const next = packetsFor(text, createRandom(seed), place.wanted);
    const frames = Array.from({ length: PACKETS }, (_, index) => {
      const frame = next();
      place.number(frame, index, host);
      return frame;
    });
    await place.send(frames, client, host);
    const arrived = await arrivals(host, place);

    using rehearsal = openRehearsal(policyOf(written));
    const wrong = frames.flatMap((frame, index) => {
      const { verdict } = rehearsal.judge(frame, { direction: place.direction, interface: 'eth0' });
      const passed = arrived.has(index);
      return passed === (verdict === 'allow')
        ? []
        : [`${describePacket(parseFrame(frame, { ifindex: 0 }))}: ${verdict}, kernel ${passed}`];
    });
    expect(wrong).toEqual([]);
    expect(arrived.size).toBeGreaterThan(PACKETS / 50);
    expect(arrived.size).toBeLessThan(PACKETS * 0.98);
  } finally {
    await lab.close();
  }
});

/** All that is not the host's own goes out by eth0. */
async function leadOut(host: LabHost, client: LabHost): Promise<void> {
  for (const family of [4, 6] as const) {
    const route = ['route', 'replace', 'default', 'via', client.address(family, 'eth0'), 'dev', 'eth0'];
    await mustWork(host, 'ip', [`-${family}`, ...route]);
  }
}

async function mustWork(host: LabHost, command: string, args: readonly string[], input?: string): Promise<string> {
  const { status, stdout, stderr } = await host.exec(command, args, input === undefined ? {} : { input });
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

/** The numbers of the packets that came by, once no more come. */
async function arrivals(host: LabHost, { sets, indexOf }: Place): Promise<ReadonlySet<number>> {
  for (let before = -1; ; ) {
    await sleep(200);
    const found = new Set<number>();
    for (const set of sets) {
      const { nftables } = JSON.parse(await mustWork(host, 'nft', ['-j', 'list', 'set', ...set.split(' ')]));
      for (const element of nftables[1]?.set.elem ?? []) {
        const index = indexOf(element);
        if (index !== undefined) found.add(index);
      }
    }
    if (found.size === before) return found;
    before = found.size;
  }
}
