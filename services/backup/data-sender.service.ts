import type { Bus } from '../../bus/bus.ts';
import { type DataSenderInput, dataSenderWith, type SentBatch } from '../../machines/backup/data-sender.machine.ts';
import type { LogSync } from '../../ports/log-sync.ts';
import type { Messenger } from '../../ports/messenger.ts';
import type { Suppliers } from '../../ports/suppliers.ts';
import type { ActorRuntime, Clock, Random } from '../../ports/world.ts';
import type { DeviceId, PersonId } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import type { Service } from '../kit/service.ts';
import type { LanePiece, Lanes } from './lane-types.ts';
import { createPieceSender } from './send-pieces.ts';

export interface DataSenderNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly clock: Clock;
  readonly random: Random;
  readonly owner: PersonId;
  readonly messenger: Pick<Messenger, 'request'>;
  readonly suppliers: Suppliers;
  readonly lanes: Lanes;
  readonly sync: Pick<LogSync, 'log'>;
  readonly onBytes: (block: string, bytes: number) => void;
  readonly onFailure: (key: string, error: unknown) => void;
}

/** Senders of all seats. */
export interface DataSenders extends Service {
  /** Pieces were staged: senders that rest begin at once. */
  wake(): void;
}

/** Wires `data-sender` to lanes, suppliers and messenger: one sender a supplier of the family. */
export function createDataSenders(needs: DataSenderNeeds): DataSenders {
  const { bus, suppliers, lanes } = needs;
  const sender = createPieceSender(needs);

  /** Pieces for which the contract has room; growth is asked for before it is needed. */
  function withRoom(seat: number, pieces: readonly LanePiece[]): readonly LanePiece[] {
    const wanted = pieces.reduce((sum, piece) => sum + piece.length, 0);
    let room = suppliers.room(seat);
    if (room < wanted) suppliers.wantRoom(seat, wanted);
    const fitting = pieces.filter((piece) => {
      room -= piece.length;
      return room >= 0;
    });
    lanes.giveBack(pieces.filter((piece) => !fitting.includes(piece)));
    return fitting;
  }

  async function sendBatch(
    input: { supplier: DeviceId; seat: number; piecesMax: number; bytesMax: number },
    signal: AbortSignal,
  ): Promise<SentBatch> {
    const { supplier, seat, piecesMax, bytesMax } = input;
    const taken = lanes.take(seat, { pieces: piecesMax, bytes: bytesMax });
    if (taken.length === 0) return { sent: 0, refused: null, left: lanes.left(seat) };
    const pieces = withRoom(seat, taken);
    if (pieces.length === 0) return { sent: 0, refused: 'no-room', left: lanes.left(seat) };
    const { sent, refused, failure } = await sender.send({ supplier, seat, signal }, pieces);
    if (sent === 0 && refused === null && failure !== undefined) throw failure;
    return { sent, refused, left: lanes.left(seat) };
  }

  const pool = new ActorPool({
    machine: dataSenderWith({ sendBatch }),
    runtime: needs.runtime,
    actorsMax: LIMITS.sendersMax.value,
    onEmit: (fact) => bus.publish(fact),
    onFailure: needs.onFailure,
  });

  function inputOf(supplier: DeviceId, seat: number): DataSenderInput {
    const view = suppliers.seat(seat);
    const ready = view?.state === 'connected' && view.caughtUp;
    return { supplier, seat, ready, seed: Math.floor(needs.random.fraction() * 2 ** 31) };
  }

  /** One sender for every device that sits on a seat now. */
  function follow(): void {
    const seated = new Map(suppliers.seats().flatMap(({ seat, device }) => (device === null ? [] : [[device, seat]])));
    for (const key of pool.keys()) {
      const seat = seated.get(key as DeviceId);
      const running = pool.get(key)?.getSnapshot().context.seat;
      if (seat === undefined || seat !== running) pool.close(key);
    }
    for (const [device, seat] of seated) pool.open(device, inputOf(device, seat));
    lanes.review();
  }

  const endings: (() => void)[] = [];
  return {
    start() {
      endings.push(
        bus.subscribe(['suppliers.changed', 'supplier.hired', 'supplier.dismissed'], follow),
        bus.subscribe(['supplier.connected', 'supplier.disconnected', 'seat.caught-up'], (fact) => {
          follow();
          pool.send(fact.supplier, fact);
        }),
        bus.subscribe(['budget.changed', 'pieces.staged'], (fact) => pool.sendAll(fact)),
      );
      follow();
    },
    stop() {
      for (const end of endings.splice(0)) end();
      pool.closeAll();
    },
    wake: () => pool.sendAll({ type: 'send' }),
  };
}
