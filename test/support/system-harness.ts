import assert from 'node:assert/strict';
import { type Bus, createBus } from '../../bus/bus.ts';
import type { Fact } from '../../bus/facts/index.ts';
import { createEventStream } from '../../node/event-stream.ts';
import { createInspector, createRuntime, type Inspector } from '../../node/inspector.ts';
import { VirtualClock } from '../../node/worlds/virtual-clock.ts';
import type { ActorRuntime } from '../../ports/world.ts';

/** A bus, a clock and the runtime of actors, for tests of one wiring file. */
export interface Harness {
  readonly bus: Bus;
  readonly clock: VirtualClock;
  readonly runtime: ActorRuntime;
  readonly inspector: Inspector;
  /** Every fact said, in order. */
  readonly facts: Fact[];
  readonly onFailure: (key: string, error: unknown) => void;
}

/** Everything watched; a failing automat or listener fails the test. */
export function createHarness(): Harness {
  const clock = new VirtualClock();
  const facts: Fact[] = [];
  const bus = createBus((error, fact) => assert.fail(`listener of ${fact.type}: ${String(error)}`));
  bus.tap((fact) => facts.push(fact));
  const stream = createEventStream({ now: () => clock.now() });
  const inspector = createInspector({ now: () => clock.now(), nextSeq: stream.nextSeq });
  inspector.watch();
  return {
    bus,
    clock,
    facts,
    inspector,
    runtime: createRuntime({ clock, inspector }),
    onFailure: (key, error) => assert.fail(`${key}: ${String(error)}`),
  };
}
