import { sessionsCompliance } from '../../compliance/sessions.ts';
import { fakeSessionsWorld, realSessionsWorld } from '../../support/session-worlds.ts';

for (const kind of ['tcp', 'memory'] as const) {
  sessionsCompliance({ name: `TLS over ${kind}`, make: () => realSessionsWorld(kind) });
}

for (const standard of [{}, { latencyMs: 40, jitterMs: 10, lossProbability: 0.02, bytesPerSecond: 2_000_000 }]) {
  sessionsCompliance({ name: `fake ${JSON.stringify(standard)}`, make: () => fakeSessionsWorld(standard) });
}
