import type { Bus } from '../../bus/bus.ts';
import { contactStatusWith } from '../../machines/contacts/contact-status.machine.ts';
import type { Contacts } from '../../ports/contacts.ts';
import type { Records } from '../../ports/records.ts';
import type { ActorRuntime, Clock, Random } from '../../ports/world.ts';
import { BitDustError } from '../../protocol/errors.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import type { Service } from '../kit/service.ts';
import type { Handshakers } from './handshaker.service.ts';

export interface ContactStatusNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Random;
  /** Where it is kept since when somebody is away. */
  readonly records: Records;
  readonly handshakers: Handshakers;
  readonly isLinked: (peer: DeviceId) => boolean;
  readonly isNetworkUp: () => boolean;
  readonly onFailure: (key: string, error: unknown) => void;
}

export interface ContactStatus extends Contacts, Service {
  /** Judges anew, now. */
  probe(device: DeviceId): void;
}

interface Watch {
  closely: number;
  loosely: number;
}

/** Presence of watched devices, one actor each; facts about a device reach only its actor. */
export function createContactStatus(needs: ContactStatusNeeds): ContactStatus {
  const { bus, clock, records, handshakers } = needs;
  const watches = new Map<DeviceId, Watch>();
  const absent = new Map<DeviceId, number>();
  const unsubscribes: (() => void)[] = [];
  let probing = 0;
  let isStarted = false;

  async function greet(peer: DeviceId, signal: AbortSignal): Promise<'met' | 'later'> {
    const isFull = probing >= LIMITS.contactProbesMax.value || handshakers.isFull();
    if (isFull) return 'later';
    probing += 1;
    try {
      const { outcome } = await handshakers.greet(peer, signal);
      // A peer that refuses us is there.
      const isThere = outcome === 'shaken' || outcome === 'refused';
      if (isThere) return 'met';
      if (outcome === 'cancelled') return 'later';
      throw new BitDustError('PEER_UNREACHABLE');
    } finally {
      probing -= 1;
    }
  }

  function note(peer: DeviceId, isOnline: boolean): void {
    const before = absent.get(peer);
    if (isOnline) absent.delete(peer);
    else if (before === undefined) absent.set(peer, clock.now());
    if (isOnline === (before === undefined)) return;
    const value = new TextEncoder().encode(String(absent.get(peer)));
    const operation = isOnline ? { remove: peer } : { put: peer, value };
    records.batch([operation], { durable: false }).catch((error: unknown) => needs.onFailure(peer, error));
  }

  const pool = new ActorPool({
    machine: contactStatusWith({ greet: ({ peer }, signal) => greet(peer, signal) }),
    runtime: needs.runtime,
    actorsMax: LIMITS.contactsWatchedMax.value,
    onEmit: (fact) => {
      note(fact.peer, fact.type === 'contact.came-online');
      bus.publish(fact);
    },
    onFailure: needs.onFailure,
  });

  function open(device: DeviceId): void {
    const closely = (watches.get(device)?.closely ?? 0) > 0;
    const seed = Math.floor(needs.random.fraction() * 2 ** 31);
    const linked = needs.isLinked(device);
    pool.open(device, { peer: device, seed, linked, networkUp: needs.isNetworkUp(), closely });
    pool.send(device, { type: 'probe' });
  }

  function end(device: DeviceId, closely: boolean): void {
    const watch = watches.get(device);
    if (watch === undefined) return;
    watch[closely ? 'closely' : 'loosely'] -= 1;
    const isUnwatched = watch.closely + watch.loosely === 0;
    const isLoose = closely && watch.closely === 0;
    if (isUnwatched) {
      watches.delete(device);
      pool.close(device);
    } else if (isLoose) pool.send(device, { type: 'watchLoosely' });
  }

  return {
    async start() {
      for await (const [device, value] of records.range({})) {
        absent.set(device as DeviceId, Number(new TextDecoder().decode(value)));
      }
      isStarted = true;
      unsubscribes.push(
        bus.subscribe(['peer.heard', 'link.opened', 'link.closed'], (fact) => {
          // Another link to the same peer may still be there.
          if (fact.type === 'link.closed' && needs.isLinked(fact.peer)) return;
          pool.send(fact.peer, fact);
        }),
        bus.subscribe(['network.connected', 'network.disconnected'], (fact) => pool.sendAll(fact)),
      );
      for (const device of watches.keys()) open(device);
    },
    stop() {
      isStarted = false;
      for (const unsubscribe of unsubscribes.splice(0)) unsubscribe();
      pool.closeAll();
    },
    watch(device, closely) {
      const watch = watches.get(device) ?? { closely: 0, loosely: 0 };
      watch[closely ? 'closely' : 'loosely'] += 1;
      watches.set(device, watch);
      if (isStarted && pool.get(device) === undefined) open(device);
      else if (closely) pool.send(device, { type: 'watchClosely' });
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        end(device, closely);
      };
    },
    isOnline(device) {
      const actor = pool.get(device);
      return actor === undefined ? needs.isLinked(device) : actor.getSnapshot().context.judgement === 'online';
    },
    absentSince: (device) => absent.get(device) ?? null,
    greet: (device, signal) => handshakers.greet(device, signal),
    probe: (device) => void pool.send(device, { type: 'probe' }),
  };
}
