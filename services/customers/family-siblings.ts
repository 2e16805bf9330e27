import type { AskedSiblings } from '../../machines/customers/family-member.machine.ts';
import type { Directory } from '../../ports/directory.ts';
import type { Self } from '../../ports/identity.ts';
import type { Messenger } from '../../ports/messenger.ts';
import type { LogHead, OrderLog, OrderLogs } from '../../ports/order-logs.ts';
import type { PieceStore } from '../../ports/pieces.ts';
import { BitDustError, isBitDustError } from '../../protocol/errors.ts';
import type { DeviceId, PersonId } from '../../protocol/ids.ts';
import { parseSignedRecords } from '../../protocol/signed-records.ts';
import {
  askDocument,
  askEntries,
  askHeads,
  covers,
  type LogPeer,
  newerHeads,
  packetsOf,
  sendDocument,
  sendEntries,
} from '../kit/log-requests.ts';
import type { FamilyDesk } from './family-desk.ts';

export interface FamilySiblingsNeeds {
  readonly self: Pick<Self, 'device'>;
  readonly network: Uint8Array;
  readonly logs: OrderLogs;
  readonly messenger: Messenger;
  readonly directory: Pick<Directory, 'put'>;
  readonly pieces: Pick<PieceStore, 'document'>;
  readonly desk: Pick<FamilyDesk, 'accept'>;
  readonly clock: { now(): number };
}

const ANSWER_TIMEOUT_MS = 10_000;
const DROP_AFTER_MS = 90 * 86_400_000;

/** A supplier's dealings with the other suppliers of a customer. */
export interface FamilySiblings {
  ask(customer: PersonId, signal: AbortSignal): Promise<AskedSiblings>;
  pull(customer: PersonId, signal: AbortSignal): Promise<{ readonly applied: number; readonly left: number }>;
  putRecords(customer: PersonId, signal: AbortSignal): Promise<{ readonly holders: number }>;
  forget(customer: PersonId): void;
}

interface Newer {
  readonly head: LogHead;
  readonly at: DeviceId;
}

/** Compares with siblings, drops what a checkpoint 90 d old covers, reads what they have more of, and passes on what they lack. */
export function createFamilySiblings(needs: FamilySiblingsNeeds): FamilySiblings {
  const { self, network, logs, messenger, directory, pieces, desk, clock } = needs;
  const newer = new Map<PersonId, Newer[]>();

  const peerOf = (owner: PersonId, peer: DeviceId, signal: AbortSignal): LogPeer => ({
    messenger,
    network,
    owner,
    peer,
    signal,
    deadlineMs: ANSWER_TIMEOUT_MS,
  });

  /** Gives the version of a newer family document of the sibling, when it was taken over. */
  async function compareFamily(peer: LogPeer, log: OrderLog): Promise<number | null> {
    const ours = log.family();
    const theirs = await askDocument(peer, { name: 'family', known: ours?.version ?? null }).catch(noDocument);
    if (theirs !== undefined) return (await log.putFamily(theirs.bytes)) === 'newer' ? theirs.version : null;
    if (ours !== undefined) await sendDocument(peer, { name: 'family', ...ours });
    return null;
  }

  /** Entries the sibling lacks, as many as one packet takes of each log: the rest follows at the next comparing. */
  async function passOn(peer: LogPeer, log: OrderLog, theirs: readonly LogHead[]): Promise<void> {
    for (const head of newerHeads(log.heads(), theirs)) {
      const known = theirs.find((one) => one.device === head.device && one.log === head.log)?.seq ?? 0;
      for await (const packet of packetsOf(log.entries({ ...head, from: known + 1, to: head.seq }))) {
        const { refused } = await sendEntries(peer, packet);
        if (refused.length > 0) break;
      }
    }
  }

  async function dropCovered(log: OrderLog): Promise<void> {
    const old = clock.now() - DROP_AFTER_MS;
    for (const checkpoint of log.checkpoints()) {
      if (!checkpoint.dropped && checkpoint.sawAt <= old) await log.dropBefore(checkpoint);
    }
  }

  return {
    async ask(customer, signal) {
      const log = await logs.of(customer);
      await dropCovered(log);
      const siblings = (log.family()?.seats ?? []).filter(({ device }) => device !== self.device);
      const found: Newer[] = [];
      let family: number | null = null;
      let forked = false;
      const compare = async ({ device }: { readonly device: DeviceId }) => {
        const peer = peerOf(customer, device, signal);
        const theirs = await askHeads(peer, log.heads());
        for (const head of newerHeads(theirs, log.heads())) found.push({ head, at: device });
        await passOn(peer, log, theirs);
        family = (await compareFamily(peer, log)) ?? family;
      };
      const results = await Promise.allSettled(siblings.map(compare));
      signal.throwIfAborted();
      forked = results.some((result) => result.status === 'rejected' && isBitDustError(result.reason, 'FAMILY_FORKED'));
      newer.set(
        customer,
        found.toSorted((a, b) => b.head.seq - a.head.seq),
      );
      return { family, forked, newer: found.length };
    },
    async pull(customer, signal) {
      const log = await logs.of(customer);
      const queue = newer.get(customer) ?? [];
      const next = queue.shift();
      if (next === undefined || covers(log.heads(), next.head)) return { applied: 0, left: queue.length };
      const { device, log: id, seq } = next.head;
      const held = log.heads().find((head) => head.device === device && head.log === id)?.seq ?? 0;
      const range = { device, log: id, from: held + 1, to: seq };
      const applied = await readPackets(peerOf(customer, next.at, signal), range);
      if (applied > 0 && !covers(log.heads(), next.head)) queue.unshift(next);
      return { applied, left: queue.length };
    },
    async putRecords(customer, signal) {
      const document = await pieces.document(customer, 'records');
      if (document === undefined) return { holders: 0 };
      const { records } = parseSignedRecords(document.bytes);
      const results = await Promise.allSettled(records.map((record) => directory.put(record, signal)));
      const holders = results.filter(({ status }) => status === 'fulfilled').length;
      if (holders === 0 && records.length > 0) throw new BitDustError('DIRECTORY_UNREACHABLE');
      return { holders };
    },
    forget: (customer) => {
      newer.delete(customer);
    },
  };

  /** A sibling that breaks off or sends what does not hold costs only this round. */
  async function readPackets(peer: LogPeer, range: Parameters<typeof askEntries>[1]): Promise<number> {
    let applied = 0;
    try {
      for await (const packet of packetsOf(await askEntries(peer, range))) {
        applied += (await desk.accept(peer.owner, packet)).applied;
      }
    } catch (error) {
      if (!isBitDustError(error) || error.code.startsWith('DISK_') || error.code === 'QUOTA_EXCEEDED') throw error;
    }
    return applied;
  }
}

function noDocument(error: unknown): undefined {
  if (isBitDustError(error, 'DOCUMENT_UNKNOWN')) return undefined;
  throw error;
}
