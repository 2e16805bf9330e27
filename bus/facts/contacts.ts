import type { DeviceId, PersonId } from '../../protocol/ids.ts';

/** Chapter contacts: presence and greetings. */
export interface ContactsFacts {
  'contact.came-online': { readonly peer: DeviceId };
  'contact.went-offline': { readonly peer: DeviceId };
  'contact.record-changed': { readonly person: PersonId; readonly revision: number };
}
