import type { Bus } from '../../bus/bus.ts';
import type { OrderLog } from '../../ports/order-logs.ts';
import type { Clock } from '../../ports/world.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import { inOrder } from '../kit/in-order.ts';
import type { Service } from '../kit/service.ts';
import type { OwnSelf } from './self.ts';

export interface RemovalGateNeeds {
  readonly bus: Bus;
  readonly clock: Pick<Clock, 'now'>;
  readonly self: Pick<OwnSelf, 'state' | 'change'>;
  readonly log: Pick<OrderLog, 'family'> | null;
  readonly onFailure: (key: string, error: unknown) => void;
}

/** After a recovery nothing is removed until every seat of the newest family answered; this notes who did, and opens the gate early. */
export function createRemovalGate(needs: RemovalGateNeeds): Service {
  const { bus, clock, self, log, onFailure } = needs;
  const turn = inOrder();
  let unsubscribe = (): void => {};

  async function note(device: DeviceId): Promise<void> {
    const { recovery } = self.state();
    if (recovery === null || recovery.readOnlyUntil <= clock.now()) return;
    const answered = [...new Set([...recovery.answered, device])];
    const seats = log?.family()?.seats ?? [];
    const isWhole = seats.length > 0 && seats.every((seat) => answered.includes(seat.device));
    const readOnlyUntil = isWhole ? clock.now() : recovery.readOnlyUntil;
    await self.change((state) => ({ ...state, recovery: { ...recovery, answered, readOnlyUntil } }));
  }

  return {
    start() {
      unsubscribe = bus.subscribe(['seat.caught-up'], ({ supplier }) => {
        turn(() => note(supplier)).catch((error: unknown) => onFailure('removal', error));
      });
    },
    stop: () => unsubscribe(),
  };
}
