import type { Sealing } from '../../ports/sealing.ts';
import type { SessionClaims, Sessions } from '../../ports/sessions.ts';
import type { Signer } from '../../ports/signer.ts';
import type { Clock, Random } from '../../ports/world.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import { deviceIdFrom } from '../../protocol/ids.ts';
import { createSealing } from './sealing.ts';
import { createSessionsOver } from './sessions-core.ts';
import { createTlsSecurity } from './tls-security.ts';

/** The sessions of one device in one network: knock, TLS 1.3, proof, frames. The signer is of `createSignerFactory`. */
export function createSessions(options: {
  readonly device: DeviceId;
  readonly signer: Signer;
  readonly networkId: Uint8Array;
  readonly clock: Clock;
  readonly random: Random;
  readonly sealing?: Pick<Sealing, 'seal'>;
  /** Person and head that our proofs name. */
  readonly claims?: () => SessionClaims;
}): Sessions {
  const { device, signer, networkId, clock, random, claims, sealing = createSealing() } = options;
  if (deviceIdFrom(signer.publicKey) !== device) throw new TypeError('the signer is not that of the device');
  const security = createTlsSecurity({ signer, networkId, sealing, clock, random });
  return createSessionsOver({ signer, clock, random, security, claims });
}
