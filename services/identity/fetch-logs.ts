import type { Messenger } from '../../ports/messenger.ts';
import type { LogHead, OrderLog } from '../../ports/order-logs.ts';
import { isBitDustError } from '../../protocol/errors.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import { parseLogEntry } from '../../protocol/log-entry.ts';
import { askEntries, covers, type LogPeer } from '../kit/log-requests.ts';
import type { ProvenSupplier } from './ownership.ts';

export interface FetchLogsNeeds {
  readonly messenger: Messenger;
  readonly network: Uint8Array;
  readonly log: OrderLog;
  readonly suppliers: readonly ProvenSupplier[];
  readonly signal: AbortSignal;
}

const READ_TIMEOUT_MS = 25_000;

/**
 * Reads every log up to the highest head that a supplier named and can show the entries for. `complete` is false when
 * one who named more fell silent; who names entries and shows none that follow is believed no further.
 */
export async function fetchLogs(
  needs: FetchLogsNeeds,
): Promise<{ readonly applied: number; readonly complete: boolean }> {
  const { log, suppliers } = needs;
  const wanted = suppliers
    .flatMap(({ device, heads }) => heads.map((head) => ({ head, at: device })))
    .toSorted((a, b) => b.head.seq - a.head.seq);
  const silent: LogHead[] = [];
  let applied = 0;
  for (const { head, at } of wanted) {
    for (let more = 1; more > 0 && !covers(log.heads(), head); applied += more) {
      try {
        more = await readOn(needs, head, at);
      } catch (error) {
        needs.signal.throwIfAborted();
        if (isOwnFault(error)) throw error;
        silent.push(head);
        break;
      }
    }
  }
  return { applied, complete: silent.every((head) => covers(log.heads(), head)) };
}

/** Reads on from where our log ends; the answer may end before the head. */
async function readOn(needs: FetchLogsNeeds, head: LogHead, at: DeviceId): Promise<number> {
  const { messenger, network, log, signal } = needs;
  const held = log.heads().find((one) => one.device === head.device && one.log === head.log);
  const peer: LogPeer = { messenger, network, owner: log.owner, peer: at, signal, deadlineMs: READ_TIMEOUT_MS };
  const range = { device: head.device, log: head.log, from: (held?.seq ?? 0) + 1, to: head.seq };
  const { applied } = await log.accept(await askEntries(peer, range));
  return applied;
}

function isOwnFault(error: unknown): boolean {
  return !isBitDustError(error) || error.code.startsWith('DISK_') || error.code.startsWith('STORE_');
}

/** When the newest entry was written, by its writer's clock; null of an empty log. */
export async function newestEntryAt(log: OrderLog): Promise<number | null> {
  let newest: number | null = null;
  for (const { device, log: id, seq } of log.heads()) {
    for await (const bytes of log.entries({ device, log: id, from: seq, to: seq })) {
      newest = Math.max(newest ?? 0, parseLogEntry(bytes).at);
    }
  }
  return newest;
}
