import type { Bus } from '../../bus/bus.ts';
import { type HandshakerOutput, handshakerWith } from '../../machines/contacts/handshaker.machine.ts';
import type { AddressBook } from '../../ports/addresses.ts';
import type { GreetingOutcome } from '../../ports/contacts.ts';
import type { Identities } from '../../ports/identity.ts';
import type { Messenger } from '../../ports/messenger.ts';
import type { ActorRuntime } from '../../ports/world.ts';
import { BitDustError, isBitDustError } from '../../protocol/errors.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import type { Service } from '../kit/service.ts';
import { untilAborted } from '../kit/until-aborted.ts';

export interface HandshakersNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly identities: Identities;
  readonly addressBook: AddressBook;
  readonly messenger: Messenger;
  /** Exchanges identities anew over the link there is. */
  readonly exchange: (peer: DeviceId) => Promise<void>;
  readonly isLinked: (peer: DeviceId) => boolean;
  readonly onFailure: (key: string, error: unknown) => void;
}

export interface Handshakers extends Service {
  greet(peer: DeviceId, signal?: AbortSignal): Promise<GreetingOutcome>;
  /** No more greetings can begin now. */
  isFull(): boolean;
}

/** Greetings of peers; those who ask for the same peer share one run. */
export function createHandshakers(needs: HandshakersNeeds): Handshakers {
  const { identities, messenger } = needs;
  const waiting = new Map<DeviceId, PromiseWithResolvers<GreetingOutcome>>();

  function settle(peer: DeviceId, outcome: GreetingOutcome): void {
    waiting.get(peer)?.resolve(outcome);
    waiting.delete(peer);
  }

  const pool = new ActorPool({
    machine: handshakerWith({
      fetchRecord: async ({ peer }, signal) => {
        const found = needs.isLinked(peer) || (await needs.addressBook.resolve(peer, signal)).length > 0;
        return { found };
      },
      connect: ({ peer }, signal) => messenger.connect(peer, signal),
      greet: async ({ peer }) => {
        try {
          await needs.exchange(peer);
        } catch (error) {
          const isRefused = isBitDustError(error, 'NOT_ENTITLED') || isBitDustError(error, 'DENIED');
          if (isRefused) return { person: null, revision: 0, refused: true };
          throw error;
        }
        const person = identities.personOf(peer) ?? null;
        const revision = (person && identities.get(person)?.revision) ?? 0;
        return { person, revision, refused: false };
      },
    }),
    runtime: needs.runtime,
    actorsMax: LIMITS.greetingsMax.value,
    onEmit: (fact) => needs.bus.publish(fact),
    onDone: (peer, output) => settle(peer as DeviceId, output as HandshakerOutput),
    onFailure: (peer, error) => {
      settle(peer as DeviceId, { outcome: 'unreachable', person: null, revision: 0 });
      needs.onFailure(peer, error);
    },
  });

  return {
    start() {},
    stop() {
      pool.closeAll();
      for (const peer of waiting.keys()) settle(peer, { outcome: 'cancelled', person: null, revision: 0 });
    },
    isFull: () => pool.size >= LIMITS.greetingsMax.value,
    async greet(peer, signal) {
      signal?.throwIfAborted();
      const asked = waiting.get(peer) ?? Promise.withResolvers<GreetingOutcome>();
      waiting.set(peer, asked);
      const person = identities.personOf(peer) ?? null;
      const revision = (person && identities.get(person)?.revision) ?? 0;
      if (pool.open(peer, { peer, person, revision }) === undefined) {
        waiting.delete(peer);
        throw new BitDustError('TOO_BUSY');
      }
      return signal === undefined ? asked.promise : untilAborted(asked.promise, signal);
    },
  };
}
