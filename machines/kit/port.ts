import { fromPromise, type PromiseActorLogic } from 'xstate';

/** One thing a machine asks of the world. It must give up when `signal` aborts and reject with a typed error. */
export type Effect<Input, Output> = (input: Input, signal: AbortSignal) => Promise<Output>;

type LogicOf<E> = E extends Effect<infer Input, infer Output> ? PromiseActorLogic<Output, Input> : never;

/** Turns a plain async function into the actor logic that `.provide` takes. */
export function perform<Input, Output>(effect: Effect<Input, Output>): PromiseActorLogic<Output, Input> {
  return fromPromise<Output, Input>(({ input, signal }) => effect(input, signal));
}

/** Declares an effect by name, so that a machine is complete as a value. Performing it without `.provide` fails. */
export function port<E>(name: string): LogicOf<E> {
  const fail = () => Promise.reject(new Error(`port '${name}' was not provided`));
  return perform(fail) as LogicOf<E>;
}
