import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createAssembler, link, R0 } from '../../src/asm/index.ts';
import { openRehearsal } from '../../src/datapath/rehearsal.ts';
import { type ImportFormat, importRuleset } from '../../src/import/index.ts';
import { findInterface, inNamespace, loadProgram, sendLiveFrames, xdpContext } from '../../src/kernel/index.ts';
import { createPair, type LabHost } from '../../src/lab/index.ts';
import { describePacket } from '../../src/packet/describe.ts';
import { parseFrame } from '../../src/packet/parse.ts';
import { seed } from '../differential/effort.ts';
import { createRandom } from '../differential/random.ts';
import { policyOf } from '../policy-of.ts';
import { hostAddresses, packetsFor } from './rulesets/packets-for.ts';

/**
 * The kernel says what a ruleset means: the same packets go to a host with the ruleset in force, and to the policy that
 * was made of it. Each packet has a hardware address of its own, which a set behind all chains keeps of those that come
 * so far.
 */
const PACKETS = 1500;
const XDP_TX = 3;
const PROBE = `table inet probe {
  set arrived { type ether_addr; size 65535; flags dynamic; }
  chain input {
    type filter hook input priority 10000; policy accept;
    add @arrived { ether saddr }
  }
}`;

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

const iptables = (...versions: readonly ('' | '6')[]): Loader => ({
  format: 'iptables',
  async load(host) {
    let [text, printed] = ['', ''];
    for (const version of versions) {
      const input = readFileSync(join(folder, `host.ip${version}tables`), 'utf8');
      text += input;
      await mustWork(host, `ip${version}tables-legacy-restore`, [], input);
      printed += await mustWork(host, `ip${version}tables-legacy-save`, []);
    }
    return { text, printed };
  },
});

const cases: readonly (readonly [string, Loader])[] = [
  ['a web server', nft('web-server.nft')],
  ['block lists, before the stack and in two chains of one hook', nft('blocklists.nft')],
  ['chains that return, verdict maps, concatenations', nft('user-chains.nft')],
  ['iptables, whose chains say nothing of IPv6', iptables('')],
  ['iptables of both families', iptables('', '6')],
  ['ip6tables alone', iptables('6')],
];

test.each(cases)('%s: the policy judges each packet as the kernel does', async (_, loader) => {
  const lab = await createPair({ name: 'import' });
  try {
    const host = lab.host('host');
    for (const address of [...hostAddresses[4], ...hostAddresses[6]]) {
      await host.exec('ip', ['address', 'replace', address, 'dev', 'lo', ...(address.includes(':') ? ['nodad'] : [])]);
    }
    const { text, printed } = await loader.load(host);
    await mustWork(host, 'nft', ['-f', '-'], PROBE);
    const source = { path: 'ruleset', text: printed };
    const { text: written } = importRuleset(loader.format, source, { interfaces: ['eth0'] });
    const next = packetsFor(text, createRandom(seed));
    const frames = Array.from({ length: PACKETS }, (_, index) => addressed(next(), host, index));
    await send(lab.host('client'), frames);
    const arrived = await arrivals(host);

    using rehearsal = openRehearsal(policyOf(written));
    const wrong = frames.flatMap((frame, index) => {
      const { verdict } = rehearsal.judge(frame, { interface: 'eth0' });
      const passed = arrived.has(hardwareAddress(index));
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

async function mustWork(host: LabHost, command: string, args: readonly string[], input?: string): Promise<string> {
  const { status, stdout, stderr } = await host.exec(command, args, input === undefined ? {} : { input });
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

const hardwareAddress = (index: number): string =>
  `02:01:00:00:${[index >> 8, index & 255].map((octet) => octet.toString(16).padStart(2, '0')).join(':')}`;

function addressed(frame: Uint8Array, host: LabHost, index: number): Uint8Array {
  const own = host.devices[0]?.hardwareAddress ?? '';
  frame.set(
    [own, hardwareAddress(index)].flatMap((address) => address.split(':').map((one) => Number.parseInt(one, 16))),
  );
  return frame;
}

/** A few at a time: the queue of the cable is short. */
async function send(client: LabHost, frames: readonly Uint8Array[]): Promise<void> {
  const asm = createAssembler('send');
  asm.mov(R0, XDP_TX);
  asm.exit();
  using program = loadProgram({ type: 'xdp', name: 'send', code: link(asm.finish(), []).code });
  for (let first = 0; first < frames.length; first += 32) {
    inNamespace(client, () => {
      const ingressIfindex = findInterface('eth0').index;
      for (const data of frames.slice(first, first + 32)) {
        sendLiveFrames(program, { data, context: xdpContext({ ingressIfindex, frameLength: data.length }), count: 1 });
      }
    });
    await sleep(5);
  }
}

/** Hardware addresses, once no more come. */
async function arrivals(host: LabHost): Promise<ReadonlySet<string>> {
  for (let before = -1; ; ) {
    await sleep(200);
    const { nftables } = JSON.parse(await mustWork(host, 'nft', ['-j', 'list', 'set', 'inet', 'probe', 'arrived']));
    const elements: string[] = nftables[1]?.set.elem ?? [];
    if (elements.length === before) return new Set(elements);
    before = elements.length;
  }
}
