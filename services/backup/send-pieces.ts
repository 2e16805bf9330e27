import type { LogSync } from '../../ports/log-sync.ts';
import type { Messenger, OutgoingStream } from '../../ports/messenger.ts';
import type { Suppliers } from '../../ports/suppliers.ts';
import type { Clock } from '../../ports/world.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { bytesOfBlock, type DeviceId, type PersonId } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { writePlace } from '../../protocol/log-content.ts';
import type { LanePiece, Lanes } from './lane-types.ts';

export interface SendPiecesNeeds {
  readonly messenger: Pick<Messenger, 'request'>;
  readonly owner: PersonId;
  readonly lanes: Lanes;
  readonly sync: Pick<LogSync, 'log'>;
  readonly suppliers: Pick<Suppliers, 'noteStored'>;
  readonly clock: Clock;
  /** Counts bytes given to the transport. */
  readonly onBytes: (block: string, bytes: number) => void;
}

/** What came of a run over some pieces. */
export interface SendOutcome {
  readonly sent: number;
  /** A code that stands in the way of this supplier taking more; null when there is none. */
  readonly refused: string | null;
  /** The first failure, when nothing else went wrong. */
  readonly failure: unknown;
}

interface Lane {
  readonly supplier: DeviceId;
  readonly seat: number;
  readonly signal: AbortSignal;
}

/** Without one consumed byte or acknowledgement for so long the supplier is not taking anything. */
const PROGRESS_MS = 20_000;
const REQUEST_MS = 30 * 60_000;
const QUERY_MS = 15_000;
const GROUP_BYTES = 1024 * 1024;
const GROUP_PIECES = 16;
/** Bytes on the way to one seat: what would have to be sent again after a kill. */
const FLIGHT_BYTES = 2 * 1024 * 1024;
const STREAM_STEP_BYTES = 64 * 1024;
const CONCURRENCY_FIRST = 4;

/** The supplier has it. */
const STORED: ReadonlySet<string> = new Set(['stored', 'have']);
/** It comes to nothing to send it again later; nobody wants the piece any more. */
const UNWANTED: ReadonlySet<string> = new Set(['BLOCK_BURIED']);
/** Another try soon may do: he is receiving it, or has not seen our entry yet. */
const LATER: ReadonlySet<string> = new Set(['coming', 'PIECE_COMING', 'BLOCK_UNKNOWN', 'LOG_GAP', 'TOO_BUSY']);
const ROOMLESS: ReadonlySet<string> = new Set(['QUOTA_EXCEEDED', 'no-room', 'DISK_FULL']);

function grouped(pieces: readonly LanePiece[]): LanePiece[][] {
  const groups: LanePiece[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const piece of pieces) {
    const last = groups[groups.length - 1];
    if (last === undefined || bytes + piece.length > GROUP_BYTES || last.length >= GROUP_PIECES) {
      groups.push([piece]);
      bytes = piece.length;
    } else {
      last.push(piece);
      bytes += piece.length;
    }
  }
  return groups;
}

/** Ends `signal` too when nothing moved for a while. */
function watchdog(clock: Clock, signal: AbortSignal) {
  const controller = new AbortController();
  const stop = () => controller.abort(signal.reason);
  const silent = () => controller.abort(new BitDustError('PEER_SILENT'));
  let timer = clock.setTimeout(silent, PROGRESS_MS);
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  return {
    signal: controller.signal,
    moved() {
      clock.clearTimeout(timer);
      timer = clock.setTimeout(silent, PROGRESS_MS);
    },
    end() {
      clock.clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    },
  };
}

/** Carries pieces of a lane to its supplier: asks what he has, sends the rest, and records every acknowledgement singly. */
export function createPieceSender(needs: SendPiecesNeeds) {
  const { messenger, owner, lanes, sync, clock } = needs;
  const concurrency = new Map<DeviceId, number>();

  async function acknowledged({ seat }: Lane, pieces: readonly LanePiece[]): Promise<number> {
    for (const piece of pieces) needs.suppliers.noteStored(seat, piece.length);
    if (pieces.length > 0) {
      await lanes.acknowledge(
        seat,
        pieces.map((piece) => piece.block),
      );
    }
    return pieces.length;
  }

  /** Pieces that may be there already; those he has are acknowledged. Gives what is left to send. */
  async function askHave(lane: Lane, pieces: readonly LanePiece[]) {
    const unsure = pieces.filter((piece) => piece.isUnsure);
    if (unsure.length === 0) return { left: pieces, sent: 0 };
    const refs = unsure.map(({ block, seat }) => ({ block: bytesOfBlock(block), seat }));
    const { payload } = await messenger.request(
      lane.supplier,
      'ListFiles',
      { ask: 'have', pieces: refs },
      { signal: lane.signal, deadlineMs: QUERY_MS, owner },
    );
    const words = payload['kind'] === 'standing' ? (payload['standing'] as readonly string[]) : [];
    if (words.length !== unsure.length) throw new BitDustError('PACKET_INVALID', 'the answer is to another question');
    const had = new Set(unsure.filter((_, index) => words[index] === 'have'));
    const coming = new Set(unsure.filter((_, index) => words[index] === 'coming'));
    const sent = await acknowledged(lane, [...had]);
    return { left: pieces.filter((piece) => !had.has(piece) && !coming.has(piece)), sent };
  }

  function streamOf(piece: LanePiece, bytes: Uint8Array, moved: () => void): OutgoingStream {
    async function* steps() {
      for (let at = 0; at < bytes.length; at += STREAM_STEP_BYTES) {
        const step = bytes.subarray(at, at + STREAM_STEP_BYTES);
        moved();
        needs.onBytes(piece.block, step.length);
        yield step;
      }
    }
    return { length: bytes.length, bytes: steps() };
  }

  /** One request; gives the result of each piece, in order. */
  async function sendGroup(lane: Lane, pieces: readonly LanePiece[]): Promise<ReadonlyMap<LanePiece, string>> {
    const rows = await sync.log.blocks(pieces.map((piece) => piece.block));
    const contents = await Promise.all(pieces.map((piece) => piece.bytes()));
    const ready = pieces.flatMap((piece, index) => {
      const [row, bytes] = [rows[index], contents[index]];
      return row === undefined || bytes === undefined ? [] : [{ piece, row, bytes }];
    });
    if (ready.length === 0) return new Map();
    const watch = watchdog(clock, lane.signal);
    try {
      const { payload } = await messenger.request(
        lane.supplier,
        'Data',
        {
          pieces: ready.map(({ piece, row }) => ({
            block: bytesOfBlock(piece.block),
            seat: piece.seat,
            root: piece.root,
            length: piece.length,
            order: writePlace(row.order),
          })),
        },
        {
          signal: watch.signal,
          deadlineMs: REQUEST_MS,
          owner,
          streams: ready.map(({ piece, bytes }) => streamOf(piece, bytes, watch.moved)),
        },
      );
      const results = payload['results'] as readonly { readonly seat: number; readonly result: string }[];
      if (results.length !== ready.length) throw new BitDustError('PACKET_INVALID', 'the answer is to another packet');
      return new Map(ready.map(({ piece }, index) => [piece, results[index]!.result]));
    } finally {
      watch.end();
    }
  }

  async function settleGroup(lane: Lane, results: ReadonlyMap<LanePiece, string>) {
    const of = (codes: ReadonlySet<string>) =>
      [...results].filter(([, code]) => codes.has(code)).map(([piece]) => piece);
    const sent = await acknowledged(lane, of(STORED));
    const unwanted = of(UNWANTED);
    if (unwanted.length > 0) await lanes.drop(unwanted.map((piece) => piece.block));
    const other = [...results.values()].find((code) => !STORED.has(code) && !UNWANTED.has(code) && !LATER.has(code));
    return { sent, refused: other === undefined ? null : ROOMLESS.has(other) ? 'no-room' : other };
  }

  /** Sends the pieces in groups, some of them side by side; stops at the first refusal or failure. */
  async function sendAll(lane: Lane, pieces: readonly LanePiece[]): Promise<SendOutcome> {
    const groups = grouped(pieces);
    let width = concurrency.get(lane.supplier) ?? CONCURRENCY_FIRST;
    let sent = 0;
    let refused: string | null = null;
    let failure: unknown;
    let flight = 0;
    const running = new Set<Promise<void>>();

    async function run(group: readonly LanePiece[], bytes: number): Promise<void> {
      try {
        const outcome = await settleGroup(lane, await sendGroup(lane, group));
        sent += outcome.sent;
        refused ??= outcome.refused;
        width = Math.min(LIMITS.sendConcurrencyMax.value, width + 1);
      } catch (error) {
        failure ??= error;
        width = Math.max(1, Math.floor(width / 2));
      } finally {
        flight -= bytes;
      }
    }

    for (const group of groups) {
      const bytes = group.reduce((sum, piece) => sum + piece.length, 0);
      while (running.size >= width || (flight > 0 && flight + bytes > FLIGHT_BYTES)) await Promise.race(running);
      if (refused !== null || failure !== undefined || lane.signal.aborted) break;
      flight += bytes;
      const task = run(group, bytes);
      running.add(task);
      void task.then(() => running.delete(task));
    }
    await Promise.all(running);
    concurrency.set(lane.supplier, width);
    return { sent, refused, failure };
  }

  return {
    /** All given pieces are given back to the lane at the end, delivered or not. */
    async send(lane: Lane, pieces: readonly LanePiece[]): Promise<SendOutcome> {
      try {
        const { left, sent } = await askHave(lane, pieces);
        const outcome = await sendAll(lane, left);
        return { ...outcome, sent: outcome.sent + sent };
      } finally {
        lanes.giveBack(pieces);
      }
    },
  };
}
