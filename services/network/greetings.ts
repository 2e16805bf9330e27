import type { AddressBook } from '../../ports/addresses.ts';
import type { Self } from '../../ports/identity.ts';
import type { Log } from '../../ports/world.ts';
import type { PayloadOf } from '../../protocol/commands.ts';
import { BitDustError, isBitDustError } from '../../protocol/errors.ts';
import { equalBytes } from '../../protocol/hash.ts';
import { type IdentityHead, readIdentityFile } from '../../protocol/identity-file.ts';
import { deviceIdFrom, type PersonId, personIdFrom } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { readProfile } from '../../protocol/profile.ts';
import type { Conversation } from './conversation.ts';
import type { KnownIdentities } from './identities.ts';
import type { OwnProfile } from './own-profile.ts';

export type GreetingPayload = PayloadOf<'Identity'>;

export interface GreetingsNeeds {
  readonly self: Self;
  readonly identities: KnownIdentities;
  readonly addressBook: AddressBook;
  readonly profile: OwnProfile;
  readonly log: Log;
}

export interface Greetings {
  /** Sends ours, takes in theirs, and sends our file when they turn out to lack it. */
  open(conversation: Conversation): Promise<void>;
  /** Takes in the greeting of a peer and gives ours. */
  receive(conversation: Conversation, greeting: GreetingPayload): Promise<GreetingPayload>;
}

/** The exchange of `Identity` packets: who each is, by files that prove themselves. */
export function createGreetings(needs: GreetingsNeeds): Greetings {
  const { self, identities, addressBook, log } = needs;
  /** What each device said last that it knows of us. */
  const knownOfUs = new Map<string, IdentityHead | null>();

  let own: { readonly file: Uint8Array; readonly head: IdentityHead } | undefined;

  /** Our file is verified once, not with every greeting. */
  function ownHead(): IdentityHead | null {
    const file = self.identityFile();
    if (file.length === 0) return null;
    if (own?.file !== file) own = { file, head: readIdentityFile(file).head };
    return own.head;
  }

  function make(conversation: Conversation, person: PersonId | undefined, withFile: boolean): GreetingPayload {
    const file = self.identityFile();
    const head = ownHead();
    return {
      head,
      known: (person && identities.file(person)?.head) ?? null,
      file: withFile && file.length > 0 ? file : null,
      profile: needs.profile.current().statement.bytes,
      observed: conversation.link.path.address.slice(0, 128),
      link: null,
      received: null,
    };
  }

  function lacksOurs(known: IdentityHead | null | undefined): boolean {
    const head = ownHead();
    if (head === null) return false;
    return known == null || known.epoch !== head.epoch || !equalBytes(known.hash, head.hash);
  }

  /** Believes what is proved: the file by itself, the profile by the device of the session. */
  async function take(conversation: Conversation, greeting: GreetingPayload): Promise<PersonId | undefined> {
    const { peer } = conversation.link;
    if (greeting.profile === null) return undefined;
    const profile = readProfile(greeting.profile);
    if (deviceIdFrom(profile.device) !== peer) {
      throw new BitDustError('PACKET_INVALID', 'The profile is of another device.');
    }
    const person = personIdFrom(profile.person);
    if (greeting.file !== null) await acceptFile(greeting.file, profile.person);
    identities.confirm(peer, person);
    remember(peer, greeting.known);
    if (profile.addresses.length > 0) addressBook.learn(peer, profile.addresses);
    return person;
  }

  async function acceptFile(file: Uint8Array, person: Uint8Array): Promise<void> {
    try {
      readIdentityFile(file, { person });
      await identities.accept(file);
    } catch (error) {
      if (isBitDustError(error, 'IDENTITY_OLD')) return;
      if (!isBitDustError(error, 'IDENTITY_FORKED')) throw error;
      log.write('warn', 'network', 'A peer showed a second state of an identity.', 'IDENTITY_FORKED');
    }
  }

  function remember(peer: string, known: IdentityHead | null): void {
    knownOfUs.delete(peer);
    knownOfUs.set(peer, known);
    if (knownOfUs.size > LIMITS.addressedDevicesMax.value) knownOfUs.delete([...knownOfUs.keys()][0] as string);
  }

  return {
    async open(conversation) {
      const { peer } = conversation.link;
      const signal = new AbortController().signal;
      const options = { signal, deadlineMs: LIMITS.greetingMs.value };
      const first = make(conversation, identities.personOf(peer), lacksOurs(knownOfUs.get(peer)));
      const answer = await conversation.request('Identity', first, options);
      const greeting = answer.payload as unknown as GreetingPayload;
      const person = await take(conversation, greeting);
      if (first.file !== null || !lacksOurs(greeting.known)) return;
      const second = await conversation.request('Identity', make(conversation, person, true), options);
      remember(peer, (second.payload as unknown as GreetingPayload).known);
    },
    async receive(conversation, greeting) {
      const person = await take(conversation, greeting);
      return make(conversation, person, lacksOurs(greeting.known));
    },
  };
}
