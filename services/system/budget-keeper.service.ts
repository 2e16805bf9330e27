import type { Bus } from '../../bus/bus.ts';
import type { Budget } from '../../machines/system/budget.ts';
import { type BudgetKeeperPorts, budgetKeeperWith } from '../../machines/system/budget-keeper.machine.ts';
import type { ActorRuntime } from '../../ports/world.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import type { Service } from '../kit/service.ts';

export interface BudgetKeeperNeeds extends BudgetKeeperPorts {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly onFailure: (key: string, error: unknown) => void;
}

export interface BudgetKeeper extends Service {
  /** Reads caps and windows again. */
  setPlan(): void;
  pause(): void;
  resume(): void;
  /** The present budget; nothing is limited before the first plan was read. */
  current(): Budget;
}

const KEY = 'node';
const UNLIMITED: Budget = { mode: 'unlimited', up: null, down: null, background: null };

/** Keeps the one traffic budget of the node. */
export function createBudgetKeeper(needs: BudgetKeeperNeeds): BudgetKeeper {
  const { bus, runtime, onFailure } = needs;
  let current = UNLIMITED;
  let unsubscribe = (): void => {};
  const pool = new ActorPool({
    machine: budgetKeeperWith(needs),
    runtime,
    actorsMax: 1,
    onEmit: (fact) => {
      current = fact;
      bus.publish(fact);
    },
    onFailure,
  });

  return {
    start() {
      unsubscribe = bus.subscribe(
        ['interfaces.changed', 'restore.started', 'restore.finished', 'restore.failed'],
        (fact) => pool.sendAll(fact),
      );
      pool.open(KEY, undefined);
    },
    stop() {
      unsubscribe();
      pool.send(KEY, { type: 'stop' });
    },
    setPlan: () => void pool.send(KEY, { type: 'setPlan' }),
    pause: () => void pool.send(KEY, { type: 'pause' }),
    resume: () => void pool.send(KEY, { type: 'resume' }),
    current: () => current,
  };
}
