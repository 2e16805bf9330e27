import {
  type Actor,
  type AnyStateMachine,
  createActor,
  type EmittedFrom,
  type EventFrom,
  type InputFrom,
} from 'xstate';
import type { ActorRuntime } from '../../ports/world.ts';

export interface ActorPoolOptions<M extends AnyStateMachine> {
  readonly machine: M;
  readonly runtime: ActorRuntime;
  /** Actors of this machine at one time; `open` answers `undefined` beyond it. */
  readonly actorsMax: number;
  readonly onEmit: (event: EmittedFrom<M>, key: string) => void;
  readonly onFailure: (key: string, error: unknown) => void;
  /** Called once when the actor reached a final state, with its output. */
  readonly onDone?: (key: string, output: unknown, state: string) => void;
}

/** Many actors of one machine, one per key, each its own root: cheap to add, cheap to stop, bounded. */
export class ActorPool<M extends AnyStateMachine> {
  readonly #actors = new Map<string, Actor<M>>();
  readonly #options: ActorPoolOptions<M>;

  constructor(options: ActorPoolOptions<M>) {
    this.#options = options;
  }

  get size(): number {
    return this.#actors.size;
  }

  get(key: string): Actor<M> | undefined {
    return this.#actors.get(key);
  }

  keys(): string[] {
    return [...this.#actors.keys()];
  }

  /** Returns the running actor for `key`, or starts one; `undefined` when the pool is full. */
  open(key: string, input: InputFrom<M>): Actor<M> | undefined {
    const running = this.#actors.get(key);
    if (running) return running;
    if (this.#actors.size >= this.#options.actorsMax) return undefined;

    const { machine, runtime, onEmit, onFailure, onDone } = this.#options;
    const options = { clock: runtime.clock, inspect: runtime.inspect, id: `${machine.id}:${key}`, input };
    const actor = createActor(machine, options as never) as Actor<M>;
    this.#actors.set(key, actor);
    runtime.opened(machine.id, `${machine.id}:${key}`, actor);
    actor.on('*', ((event: EmittedFrom<M>) => onEmit(event, key)) as never);
    actor.subscribe({
      complete: () => {
        this.#actors.delete(key);
        const snapshot = actor.getSnapshot() as unknown as { output: unknown; value: unknown; status: string };
        // An actor that is stopped completes too, without having reached an end.
        if (snapshot.status === 'done') onDone?.(key, snapshot.output, String(snapshot.value));
      },
      error: (error) => {
        this.#actors.delete(key);
        onFailure(key, error);
      },
    });
    return actor.start();
  }

  /** Sends to one actor; `false` when there is none. */
  send(key: string, event: EventFrom<M>): boolean {
    const actor = this.#actors.get(key);
    actor?.send(event as never);
    return actor !== undefined;
  }

  sendAll(event: EventFrom<M>): void {
    for (const actor of [...this.#actors.values()]) actor.send(event as never);
  }

  close(key: string): void {
    this.#actors.get(key)?.stop();
    this.#actors.delete(key);
  }

  closeAll(): void {
    for (const actor of this.#actors.values()) actor.stop();
    this.#actors.clear();
  }
}
