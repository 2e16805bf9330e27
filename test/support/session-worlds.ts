import { createHash } from 'node:crypto';
import type { Transport } from '../../ports/transports.ts';
import type { Clock } from '../../ports/world.ts';
import { deviceIdFrom } from '../../protocol/ids.ts';
import type { LinkProfile } from '../../transports/memory/link-profile.ts';
import { createMemoryNetwork, type MemoryNetwork } from '../../transports/memory/memory-network.ts';
import { createSessions } from '../../transports/session/sessions.ts';
import { createSignerFactory } from '../../transports/session/signer.ts';
import { createTcpTransport } from '../../transports/tcp/tcp-transport.ts';
import type { SessionsWorld, TestDevice } from '../compliance/sessions.ts';
import { createStepClock, realClock, type StepClock, seededRandom } from './clocks.ts';
import { createFakeSessions } from './fake-sessions.ts';
import { createFakeSignerFactory } from './fake-signer.ts';

/** Real sessions over TCP on loopback or over the memory network, with the real clock unless told. */
export function realSessionsWorld(kind: 'tcp' | 'memory', options: { readonly clock?: Clock } = {}): SessionsWorld {
  const { clock = realClock } = options;
  const network = createMemoryNetwork({ clock: realClock, random: seededRandom('network') });
  const known = new Map<string, TestDevice>();
  return {
    run: (promise) => promise,
    device: (name, { network: number = 1 } = {}) => {
      const key = `${name}/${number}`;
      const before = known.get(key);
      if (before !== undefined) return before;
      const seed = createHash('sha256').update(name).digest();
      const signer = createSignerFactory().fromSeed(seed);
      const device = deviceIdFrom(signer.publicKey);
      const transport: Transport = kind === 'tcp' ? createTcpTransport() : network.transport(device);
      const networkId = new Uint8Array(32).fill(number);
      const sessions = createSessions({ device, signer, networkId, clock, random: seededRandom(key) });
      const made = { device, sessions, transport };
      known.set(key, made);
      return made;
    },
  };
}

/** Fake sessions over the memory network on a clock that moves only when waited for. */
export function fakeSessionsWorld(standard: Partial<LinkProfile> = {}): SessionsWorld & {
  readonly clock: StepClock;
  readonly network: MemoryNetwork;
} {
  const clock = createStepClock();
  const network = createMemoryNetwork({ clock, random: seededRandom('network'), standard });
  const known = new Map<string, TestDevice>();
  return {
    clock,
    network,
    run: (promise) => clock.until(promise),
    pass: (ms) => clock.advance(ms),
    device: (name, { network: number = 1 } = {}) => {
      const key = `${name}/${number}`;
      const before = known.get(key);
      if (before !== undefined) return before;
      const signer = createFakeSignerFactory().fromSeed(createHash('sha256').update(name).digest());
      const device = deviceIdFrom(signer.publicKey);
      const networkId = new Uint8Array(32).fill(number);
      const sessions = createFakeSessions({ device, signer, networkId, clock, random: seededRandom(key) });
      const made = { device, sessions, transport: network.transport(device) };
      known.set(key, made);
      return made;
    },
  };
}
