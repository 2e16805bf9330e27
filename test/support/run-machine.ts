import {
  type Actor,
  type AnyStateMachine,
  createActor,
  type EmittedFrom,
  type EventFrom,
  type InputFrom,
} from 'xstate';
import { stateText } from '../../machines/kit/state-text.ts';
import { VirtualClock } from '../../node/worlds/virtual-clock.ts';
import { advanceSettled, settle } from './settle.ts';

export { advanceSettled, never, settle } from './settle.ts';

export interface MachineRun<M extends AnyStateMachine> {
  readonly actor: Actor<M>;
  readonly clock: VirtualClock;
  /** Every change of state in order (`asking`, nested `a.b`), and `! fact.name` for every fact announced. */
  readonly trace: string[];
  readonly facts: EmittedFrom<M>[];
  /** Errors that ended the actor. */
  readonly failures: unknown[];
  state(): string;
  /** Sends and lets ports that answer at once answer. */
  send(event: EventFrom<M>): Promise<void>;
  /** Lets time pass, settling around every timer. */
  advance(ms: number): Promise<void>;
  settle(): Promise<void>;
}

/** Runs a machine, given with its (fake) ports, on a virtual clock, and collects its whole trace. */
export function runMachine<M extends AnyStateMachine>(
  machine: M,
  options: { readonly input: InputFrom<M>; readonly clock?: VirtualClock; readonly id?: string },
): MachineRun<M> {
  const clock = options.clock ?? new VirtualClock();
  const trace: string[] = [];
  const facts: EmittedFrom<M>[] = [];
  const failures: unknown[] = [];
  const actor = createActor(machine, {
    clock,
    id: options.id ?? `${machine.id}:test`,
    input: options.input,
  } as never) as Actor<M>;
  let last: string | undefined;

  actor.on('*', ((fact: EmittedFrom<M> & { type: string }) => {
    facts.push(fact);
    trace.push(`! ${fact.type}`);
  }) as never);
  actor.subscribe({
    next: (snapshot) => {
      const state = stateText((snapshot as { value: never }).value);
      if (state !== last) trace.push(state);
      last = state;
    },
    error: (error) => failures.push(error),
  });
  actor.start();

  return {
    actor,
    clock,
    trace,
    facts,
    failures,
    state: () => stateText((actor.getSnapshot() as { value: never }).value),
    async send(event) {
      actor.send(event as never);
      await settle();
    },
    async advance(ms) {
      await advanceSettled(clock, ms);
    },
    settle,
  };
}
