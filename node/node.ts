import type { Registry } from 'prom-client';
import type { NodeApi } from './api/index.ts';

/** A node in this process: its API, its life, and what the faces show of it. */
export interface BitDustNode {
  readonly api: NodeApi;
  /** Resolves when its services have started or failed; a failed service is no failure of the node. */
  start(): Promise<void>;
  /** Names the services that were late. Calling it again waits for the same end. */
  stop(): Promise<{ readonly late: readonly string[] }>;
  /** Services that are down and why; empty when all is well. */
  health(): { readonly ok: boolean; readonly down: readonly { readonly service: string; readonly reason: string }[] };
  /** Metrics of this node, for `/metrics`; null when it keeps none. */
  readonly metrics: Registry | null;
}
