import { sessionsCompliance } from '../../compliance/sessions.ts';
import { realSessionsWorld } from '../../support/session-worlds.ts';

for (const kind of ['tcp', 'memory'] as const) {
  sessionsCompliance({ name: `TLS over ${kind}`, make: () => realSessionsWorld(kind) });
}
