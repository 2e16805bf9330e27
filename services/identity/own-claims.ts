import { makeNicknameClaim } from '../../protocol/nickname-claim.ts';
import type { OwnSelf } from './self.ts';

/** Our signed claim of the name; none when it is not ours. */
export function ownClaims(self: OwnSelf, name: string): readonly Uint8Array[] {
  if (self.nickname() !== name) return [];
  const claim = { name, person: self.personKey, since: self.state().nicknameSince };
  return [makeNicknameClaim(claim, self.signer).statement.bytes];
}
