import type { IdentityRegistrarOutput, MadeIdentity } from '../../machines/identity/identity-registrar.machine.ts';
import type { IdentityRestorerOutput } from '../../machines/identity/identity-restorer.machine.ts';
import { BitDustError, ERRORS, type ErrorCode } from '../../protocol/errors.ts';

/** The output of a recovery that brought a device back; rejects with the code of what ended it otherwise. */
export function requireRestored(output: IdentityRestorerOutput): IdentityRestorerOutput {
  if (output.reason !== '') throw errorOf('The recovery failed', output.reason);
  return output;
}

/** What a registration made; rejects with the code of what ended it. */
export function requireMade({ made, reason }: IdentityRegistrarOutput): MadeIdentity {
  if (made === null) throw errorOf('The identity was not made', reason);
  return made;
}

function errorOf(what: string, reason: string): BitDustError {
  const isCode = Object.hasOwn(ERRORS, reason);
  return isCode ? new BitDustError(reason as ErrorCode) : new BitDustError('INTERNAL', `${what}: ${reason}`);
}
