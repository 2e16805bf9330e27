import type { NodeAddress } from 'hyperdht';
import type { Clock } from '../../ports/world.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { fromHex, toHex } from '../../protocol/hash.ts';
import type { LimitedDht } from './limited-dht.ts';
import { COMMANDS, decodeNetworkAnswer, NETWORK_REQUEST_BYTES } from './wire.ts';

/** What one neighbour said of the network, and how far his clock is from ours. */
export interface NetworkWord {
  readonly id: string;
  readonly node: NodeAddress;
  readonly fromBootstrap: boolean;
  readonly offsetMs: number;
}

const ASKED_MAX = 8;

/** Asks the bootstrap nodes and some neighbours which network this is and what time it is; the silent are left out. */
export async function askNetwork(
  dht: LimitedDht,
  options: {
    readonly clock: Pick<Clock, 'now'>;
    readonly signal: AbortSignal;
    /** Where neighbours were before a restart. */
    readonly remembered?: readonly NodeAddress[];
  },
): Promise<NetworkWord[]> {
  const asked = new Map<string, { readonly node: NodeAddress; readonly fromBootstrap: boolean }>();
  for await (const node of dht._resolveBootstrapNodes()) {
    asked.set(`${node.host}:${node.port}`, { node, fromBootstrap: true });
  }
  for (const node of [...dht.toArray(), ...(options.remembered ?? [])]) {
    if (asked.size >= ASKED_MAX) break;
    const address = `${node.host}:${node.port}`;
    if (!asked.has(address)) asked.set(address, { node, fromBootstrap: false });
  }
  const words = await Promise.all(
    [...asked.values()].map(({ node, fromBootstrap }) => ask(dht, { node, fromBootstrap, clock: options.clock })),
  );
  options.signal.throwIfAborted();
  return words.filter((word) => word !== null);
}

/**
 * The network's id: the pinned one when somebody of the network answers for it, else the one that all answers agree on.
 * `NETWORK_ID_DIFFERS` when they are of another network, `DIRECTORY_UNREACHABLE` when nobody answered.
 */
export function judgeNetwork(pinned: Uint8Array | null, words: readonly NetworkWord[]): Uint8Array {
  if (words.length === 0) throw new BitDustError('DIRECTORY_UNREACHABLE');
  const ids = new Set(words.map((word) => word.id));
  if (pinned !== null) {
    if (!ids.has(toHex(pinned))) throw new BitDustError('NETWORK_ID_DIFFERS');
    return pinned;
  }
  const told = new Set(words.filter((word) => word.fromBootstrap).map((word) => word.id));
  const trusted = told.size > 0 ? told : ids;
  if (trusted.size !== 1) throw new BitDustError('NETWORK_ID_DIFFERS');
  return fromHex([...trusted][0] ?? '');
}

/** The median of what the neighbours' clocks are ahead of ours; null without an answer. */
export function medianOffsetMs(words: readonly NetworkWord[]): number | null {
  const sorted = words.map((word) => word.offsetMs).sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}

async function ask(
  dht: LimitedDht,
  question: { readonly node: NodeAddress; readonly fromBootstrap: boolean; readonly clock: Pick<Clock, 'now'> },
): Promise<NetworkWord | null> {
  const value = Buffer.alloc(NETWORK_REQUEST_BYTES);
  try {
    const reply = await dht.request({ command: COMMANDS.network, value }, question.node);
    const answer = reply.error === 0 && reply.value !== null ? decodeNetworkAnswer(reply.value) : null;
    if (answer === null) return null;
    const offsetMs = answer.timeMs + reply.rtt / 2 - question.clock.now();
    return { id: toHex(answer.id), node: question.node, fromBootstrap: question.fromBootstrap, offsetMs };
  } catch {
    return null;
  }
}
