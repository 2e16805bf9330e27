import type { DeviceId, PersonId } from '../../protocol/ids.ts';

/** Chapter identity: keys, words, nicknames. */
export interface IdentityFacts {
  'identity.registered': { readonly person: PersonId; readonly device: DeviceId };
  'identity.registration-failed': { readonly reason: string };
  'identity.restored': { readonly person: PersonId; readonly device: DeviceId; readonly complete: boolean };
  'identity.restore-failed': { readonly reason: string };
  'identity.second-copy-seen': { readonly device: DeviceId };
  'nickname.held': { readonly nickname: string };
  'nickname.contested': { readonly nickname: string; readonly claims: number };
  'nickname.lost': { readonly nickname: string };
  'nickname.sighted': { readonly nickname: string; readonly person: PersonId; readonly rank: number };
}
