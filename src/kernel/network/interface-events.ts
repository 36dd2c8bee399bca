import type { NetworkLink } from './link-message.ts';

/** What has become of an interface. */
export type InterfaceEvent =
  | { readonly what: 'appeared'; readonly link: NetworkLink }
  /** Deleted, its driver unloaded, or, with `moved`, gone to another network namespace. `link` is what it was last. */
  | { readonly what: 'gone'; readonly link: NetworkLink; readonly moved: boolean }
  | {
      /** `xdp`: another program, or none, is attached: told of what `ip link` does, not of what others do by BPF links. */
      readonly what: 'renamed' | 'up' | 'down' | 'running' | 'not-running' | 'mtu' | 'xdp';
      readonly link: NetworkLink;
      readonly before: NetworkLink;
    };

/** What happened to an interface between two looks at it; undefined stands for none. */
export function eventsBetween(before: NetworkLink | undefined, link: NetworkLink): InterfaceEvent[] {
  if (before === undefined) return [{ what: 'appeared', link }];
  const events: InterfaceEvent[] = [];
  const tell = (what: Exclude<InterfaceEvent['what'], 'appeared' | 'gone'>): number =>
    events.push({ what, link, before });
  if (before.name !== link.name) tell('renamed');
  if (before.up !== link.up) tell(link.up ? 'up' : 'down');
  if (before.running !== link.running) tell(link.running ? 'running' : 'not-running');
  if (before.mtu !== link.mtu) tell('mtu');
  if (before.xdp?.programId !== link.xdp?.programId || before.xdp?.mode !== link.xdp?.mode) tell('xdp');
  return events;
}

/** What happened to all of them between two lists. */
export function eventsBetweenLists(
  before: ReadonlyMap<number, NetworkLink>,
  after: ReadonlyMap<number, NetworkLink>,
): InterfaceEvent[] {
  const gone = [...before.values()].filter(({ index }) => !after.has(index));
  return [
    ...gone.map((link): InterfaceEvent => ({ what: 'gone', link, moved: false })),
    ...[...after.values()].flatMap((link) => eventsBetween(before.get(link.index), link)),
  ];
}
