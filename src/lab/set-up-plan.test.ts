import { expect, test } from 'vitest';
import { addressing, tuning, wiring } from './set-up-plan.ts';
import { pairTopology } from './topology.ts';

const [client, host] = pairTopology.hosts;
if (client === undefined || host === undefined) throw new Error('a pair has two hosts');

test('a pair is two namespaces and one cable', () => {
  expect(wiring(pairTopology, (name) => `ns-${name}`)).toEqual([
    'netns add ns-client',
    'netns add ns-host',
    'link add eth0 netns ns-client address 02:00:00:00:00:00 type veth peer name eth0 netns ns-host address 02:00:00:00:00:01',
  ]);
});

test("each host gets its addresses, its peer's hardware address, and a route", () => {
  expect(addressing(pairTopology, client)).toEqual([
    'link set lo up',
    'address add 192.0.2.1/24 dev eth0',
    'address add 2001:db8:5e::1/64 dev eth0 nodad',
    'link set eth0 up',
    'neighbour add 192.0.2.10 lladdr 02:00:00:00:00:01 nud permanent dev eth0',
    'neighbour add 2001:db8:5e::10 lladdr 02:00:00:00:00:01 nud permanent dev eth0',
    'route add default via 192.0.2.10',
    'route add default via 2001:db8:5e::10',
  ]);
});

test('only a host that forwards is told to', () => {
  expect(tuning(pairTopology, host)).toEqual(['ethtool -K eth0 tx off rxvlan off txvlan off gro on']);
  expect(tuning(pairTopology, { ...host, forwards: true })).toContain('echo 1 >/proc/sys/net/ipv6/conf/all/forwarding');
});
