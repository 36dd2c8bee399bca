import { mustRun, type Peer } from './peer.ts';

/** It knows single addresses, no prefixes: 65,536 sources would be a test of its hash map, so it drops by destination. */
export const xdpFilter: Peer = {
  id: 'xdp-filter',
  title: 'xdp-filter, 1 destination address',
  async setUp(host) {
    await mustRun(host, 'xdp-filter', ['load', '--mode', 'native', '--features', 'ipv4', 'eth0']);
    // It goes with the namespace anyway; its pinned maps do not.
    const unload = async () => {
      await host.exec('xdp-filter', ['unload', 'eth0']);
    };
    try {
      await mustRun(host, 'xdp-filter', ['ip', '--mode', 'dst', host.address(4)]);
    } catch (error) {
      await unload();
      throw error;
    }
    return unload;
  },
};
