import type { FetchedHeads, PulledEntries, PushedEntries } from '../../machines/backup/log-synchronizer.ports.ts';
import type { Messenger } from '../../ports/messenger.ts';
import type { FamilySeat, LogHead, OwnLog } from '../../ports/order-logs.ts';
import type { Suppliers } from '../../ports/suppliers.ts';
import type { Clock } from '../../ports/world.ts';
import { isBitDustError } from '../../protocol/errors.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import {
  askEntries,
  askHeads,
  covers,
  type LogPeer,
  newerHeads,
  packetsOf,
  sendDocument,
  sendEntries,
  type WholeDocument,
} from '../kit/log-requests.ts';
import type { LogHolders } from './log-holders.ts';

export interface LogSeatsNeeds {
  readonly log: OwnLog;
  readonly holders: LogHolders;
  readonly messenger: Messenger;
  readonly suppliers: Pick<Suppliers, 'seat'>;
  readonly network: Uint8Array;
  readonly clock: Clock;
  /** Documents every seat keeps whole, the identity first. */
  readonly documents: () => readonly WholeDocument[];
}

const ANSWER_TIMEOUT_MS = 15_000;
const APPEND_TIMEOUT_MS = 60_000;

/** The traffic of our logs with the seats. */
export interface LogSeats {
  fetchHeads(signal: AbortSignal): Promise<FetchedHeads>;
  pullEntries(signal: AbortSignal): Promise<PulledEntries>;
  /** Brings every reachable seat what it lacks; ends early when `wake` says that there is more to send. */
  push(signal: AbortSignal, wake: Promise<void>): Promise<Pick<PushedEntries, 'seats' | 'caughtUp'>>;
  /** Devices that answered the last question for heads. */
  answered(): ReadonlySet<DeviceId>;
  stop(): void;
}

const NOTHING_READ = { applied: 0, kinds: [] as readonly string[] };

/** Our disk failed, not the peer. */
function isOwnFault(error: unknown): boolean {
  return !isBitDustError(error) || error.code.startsWith('DISK_') || error.code.startsWith('STORE_');
}

/** Asks, reads and sends; a seat that is slow holds nobody else up. */
export function createLogSeats(needs: LogSeatsNeeds): LogSeats {
  const { log, holders, messenger, suppliers, network, clock } = needs;
  const ended = new AbortController();
  const lanes = new Map<DeviceId, Promise<void>>();
  let newer: { head: LogHead; at: DeviceId }[] = [];
  let answered: ReadonlySet<DeviceId> = new Set();

  function reachable(): readonly FamilySeat[] {
    const seats = log.family()?.seats ?? [];
    return seats.filter(({ seat }) => {
      const view = suppliers.seat(seat);
      return view === undefined || view.state === 'connected';
    });
  }

  const peerOf = (peer: DeviceId, signal: AbortSignal, deadlineMs = ANSWER_TIMEOUT_MS): LogPeer => ({
    messenger,
    network,
    owner: log.owner,
    peer,
    signal,
    deadlineMs,
  });

  async function fetchHeads(signal: AbortSignal): Promise<FetchedHeads> {
    const asked = log.family()?.seats.length ?? 0;
    const found: { head: LogHead; at: DeviceId }[] = [];
    const withheld: DeviceId[] = [];
    const heard = new Set<DeviceId>();
    const ask = async ({ device }: FamilySeat) => {
      const theirs = await askHeads(peerOf(device, signal), log.heads());
      if (await holders.noteServed(device, theirs)) withheld.push(device);
      heard.add(device);
      for (const head of newerHeads(theirs, log.heads())) found.push({ head, at: device });
    };
    await Promise.allSettled(reachable().map(ask));
    signal.throwIfAborted();
    newer = found.toSorted((a, b) => b.head.seq - a.head.seq);
    answered = heard;
    return { asked, answered: heard.size, newer: newer.length, withheld };
  }

  /** Reads one log from one holder up to what he named. The highest head is believed when its entries chain, else the next one is tried. */
  async function pullEntries(signal: AbortSignal): Promise<PulledEntries> {
    const next = newer.shift();
    const read = next === undefined || covers(log.heads(), next.head) ? NOTHING_READ : await readFrom(next, signal);
    const { device } = next?.head ?? log.own;
    if (next !== undefined && read.applied > 0 && !covers(log.heads(), next.head)) newer.unshift(next);
    return { ...read, left: newer.length, forked: log.forked(), device };
  }

  async function readFrom({ head, at }: { head: LogHead; at: DeviceId }, signal: AbortSignal) {
    const held = log.heads().find((one) => one.device === head.device && one.log === head.log);
    const range = { device: head.device, log: head.log, from: (held?.seq ?? 0) + 1, to: head.seq };
    try {
      return await log.accept(await askEntries(peerOf(at, signal, APPEND_TIMEOUT_MS), range));
    } catch (error) {
      if (isOwnFault(error)) throw error;
      return NOTHING_READ;
    }
  }

  async function sendLog(head: LogHead, from: number, peer: LogPeer): Promise<'sent' | 'gap'> {
    const entries = log.entries({ ...head, from, to: head.seq });
    for await (const packet of packetsOf(entries)) {
      const { receipt, refused } = await sendEntries(peer, packet);
      await holders.noteReceipt(receipt);
      if (refused.length > 0) return 'gap';
    }
    return 'sent';
  }

  async function sendLogs(peer: LogPeer): Promise<boolean> {
    for (const head of log.heads()) {
      const theirs = holders.of(peer.peer).serves.find((one) => one.device === head.device && one.log === head.log);
      if ((theirs?.seq ?? 0) >= head.seq) continue;
      if ((await sendLog(head, (theirs?.seq ?? 0) + 1, peer)) === 'gap') return false;
    }
    return true;
  }

  async function sendDocuments(peer: LogPeer): Promise<void> {
    for (const document of needs.documents()) {
      if ((holders.of(peer.peer).documents[document.name] ?? -1) >= document.version) continue;
      await sendDocument(peer, document);
      await holders.noteDocument(peer.peer, document);
    }
  }

  /** What a seat is thought to hold may be wrong after a loss on its side: then it is asked once. */
  async function serve({ device }: FamilySeat): Promise<void> {
    const peer = peerOf(device, ended.signal, APPEND_TIMEOUT_MS);
    await sendDocuments(peer);
    if (await sendLogs(peer)) return;
    await holders.noteServed(device, await askHeads(peer, log.heads()));
    await sendLogs(peer);
  }

  function isComplete(device: DeviceId): boolean {
    const row = holders.of(device);
    return (
      log.heads().every((head) => covers(row.serves, head)) &&
      needs.documents().every(({ name, version }) => (row.documents[name] ?? -1) >= version)
    );
  }

  const acknowledged = (device: DeviceId) => holders.of(device).serves.reduce((sum, head) => sum + head.seq, 0);

  /** Entries that were appended meanwhile are sent too, as long as each round brings the seat further. The lane ends in the same step in which nothing was left. */
  async function serveAll(seat: FamilySeat): Promise<void> {
    try {
      for (let before = -1; !isComplete(seat.device) && acknowledged(seat.device) > before; ) {
        before = acknowledged(seat.device);
        await serve(seat);
      }
    } catch {
      // The seat is silent, gone or refuses; the machine tries again later.
    } finally {
      lanes.delete(seat.device);
    }
  }

  function laneOf(seat: FamilySeat): Promise<void> {
    const running = lanes.get(seat.device);
    if (running !== undefined) return running;
    const { promise, resolve } = Promise.withResolvers<void>();
    lanes.set(seat.device, promise);
    void serveAll(seat).then(resolve);
    return promise;
  }

  async function push(signal: AbortSignal, wake: Promise<void>) {
    const seats = log.family()?.seats ?? [];
    const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    await Promise.race([Promise.all(reachable().map(laneOf)), wake, aborted]);
    signal.throwIfAborted();
    const fresh = seats.filter(({ device }) => holders.of(device).caughtUpAt === null && isComplete(device));
    for (const { device } of fresh) await holders.noteCaughtUp(device, clock.now());
    return { seats: seats.length, caughtUp: fresh.map(({ seat, device }) => ({ seat, supplier: device })) };
  }

  return { fetchHeads, pullEntries, push, answered: () => answered, stop: () => ended.abort() };
}
