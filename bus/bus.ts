import type { Fact, FactType } from './facts/index.ts';

/** The one place where facts go from subsystem to subsystem. Facts only: no requests, no answers. */
export interface Bus {
  /** Delivers to every listener, after all facts published earlier. */
  publish(fact: Fact): void;
  /** Returns the function that ends the subscription. */
  subscribe<T extends FactType>(types: readonly T[], listener: (fact: Fact<T>) => void): () => void;
  /** Hears every fact: for the log, the inspector and the faces. Returns the function that ends it. */
  tap(listener: (fact: Fact) => void): () => void;
}

/** More undelivered facts than this mean that two subsystems are echoing each other. */
const QUEUED_FACTS_MAX = 10_000;

/** Delivers in publication order; a fact published while another is being delivered waits its turn. A listener that throws is reported and harms nobody else. */
export function createBus(onListenerError: (error: unknown, fact: Fact) => void): Bus {
  const listeners = new Map<FactType, Set<(fact: never) => void>>();
  const taps = new Set<(fact: Fact) => void>();
  const queue: Fact[] = [];
  let delivering = false;

  function call(listener: (fact: never) => void, fact: Fact): void {
    try {
      listener(fact as never);
    } catch (error) {
      onListenerError(error, fact);
    }
  }

  function deliver(fact: Fact): void {
    for (const tap of [...taps]) call(tap as (fact: never) => void, fact);
    for (const listener of [...(listeners.get(fact.type) ?? [])]) call(listener, fact);
  }

  return {
    publish(fact) {
      if (queue.length >= QUEUED_FACTS_MAX) throw new Error(`bus overflow at '${fact.type}'`);
      queue.push(fact);
      if (delivering) return;
      delivering = true;
      try {
        for (let next = queue.shift(); next; next = queue.shift()) deliver(next);
      } finally {
        delivering = false;
      }
    },
    subscribe(types, listener) {
      for (const type of types) {
        const set = listeners.get(type) ?? new Set();
        listeners.set(type, set.add(listener as (fact: never) => void));
      }
      return () => {
        for (const type of types) listeners.get(type)?.delete(listener as (fact: never) => void);
      };
    },
    tap(listener) {
      taps.add(listener);
      return () => taps.delete(listener);
    },
  };
}
