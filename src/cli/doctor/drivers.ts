import { listInterfaces } from '../../kernel/index.ts';

/** What is known of an interface without touching it. */
export interface InterfaceFinding {
  readonly name: string;
  readonly driver: string | null;
  readonly up: boolean;
  readonly mtu: number;
  /** `native`: in the driver. `generic`: behind it. `unknown`: `sluice up` tries, and says which it is. */
  readonly xdp: 'native' | 'generic' | 'unknown';
  /** A program that is attached already, by its id. */
  readonly attached: number | null;
}

/**
 * Drivers with native XDP in Linux, from its sources: those that implement XDP_SETUP_PROG. Some want a lower MTU or
 * spare queues, so that only attaching tells for sure.
 */
const NATIVE = new Set(
  `am65-cpsw-nuss aquantia atlantic bnxt_en cpsw dpaa2-eth ena fec fsl_dpa fsl_dpaa2_eth fsl_enetc fsl_enetc_vf funeth
   gve hv_netvsc i40e iavf ice igb igc ixgbe ixgbevf lan966x-switch mana mlx4_core mlx4_en mlx5_core mtk_soc_eth mvneta
   mvpp2 netsec nfp nicvf qede rvu_nicpf rvu_nicvf sfc sfc_ef100 sfc-siena stmmac tsnep tun ti_icss veth virtio_net
   vif vmxnet3`.split(/\s+/),
);

/** Drivers of interfaces without hardware of their own, which have no native XDP. */
const GENERIC = new Set([
  'bridge',
  'macvlan',
  'ipvlan',
  'vxlan',
  'vlan',
  '802.1Q VLAN Support',
  'dummy',
  'ifb',
  'wireguard',
]);

/** The interfaces of this network namespace that packets of others come through. */
export function findInterfaces(): InterfaceFinding[] {
  return listInterfaces()
    .filter(({ loopback }) => !loopback)
    .map(({ name, driver, up, mtu, xdp }) => ({
      name,
      driver: driver ?? null,
      up,
      mtu,
      xdp: xdp?.mode === 'native' ? 'native' : modeOf(driver),
      attached: xdp?.programId ?? null,
    }));
}

function modeOf(driver: string | undefined): InterfaceFinding['xdp'] {
  if (driver === undefined) return 'unknown';
  if (NATIVE.has(driver)) return 'native';
  return GENERIC.has(driver) ? 'generic' : 'unknown';
}
