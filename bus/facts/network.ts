import type { DeviceId } from '../../protocol/ids.ts';

/** Chapter network: interfaces, transports, links, directory. */
export interface NetworkFacts {
  'interfaces.changed': Record<never, never>;
  'network.connected': Record<never, never>;
  'network.impaired': Record<never, never>;
  'network.disconnected': Record<never, never>;
  'transport.listening': { readonly transport: string; readonly addresses: readonly string[] };
  'transport.failed': { readonly transport: string; readonly reason: string };
  'transport.closed': { readonly transport: string };
  'peer.connected': { readonly peer: DeviceId; readonly path: string };
  'peer.unreachable': { readonly peer: DeviceId; readonly reason: string };
  /** At most once in 20 s a peer. */
  'peer.heard': { readonly peer: DeviceId };
  'peer.sighted': { readonly peer: DeviceId };
  'link.opened': { readonly peer: DeviceId; readonly path: string; readonly inbound: boolean };
  'link.closed': { readonly peer: DeviceId; readonly cause: string };
  'directory.joined': { readonly neighbours: number };
  'directory.thinned': { readonly neighbours: number };
  'directory.left': Record<never, never>;
  'record.published': { readonly record: string; readonly version: number; readonly holders: number };
  'record.stalled': { readonly record: string; readonly reason: string };
  'record.superseded': { readonly record: string; readonly version: number };
}
