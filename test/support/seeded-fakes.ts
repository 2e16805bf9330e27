import type { WorldCrypto } from '../../node/worlds/in-process.ts';
import { createFakeSealing } from './fake-sealing.ts';
import { createFakeSessions } from './fake-sessions.ts';
import { createFakeSignerFactory } from './fake-signer.ts';

/** What the seeded world gets in place of TLS, HPKE and the system's key objects. */
export const seededFakes: WorldCrypto = {
  sealing: createFakeSealing(),
  signer: createFakeSignerFactory(),
  sessions: createFakeSessions,
};
