import type { Bus } from '../../bus/bus.ts';
import type { AddressBook } from '../../ports/addresses.ts';
import type { Directory } from '../../ports/directory.ts';
import type { Identities } from '../../ports/identity.ts';
import type { Messenger } from '../../ports/messenger.ts';
import type { OrderLog } from '../../ports/order-logs.ts';
import type { Publisher } from '../../ports/publishing.ts';
import type { SignerFactory } from '../../ports/signer.ts';
import type { ActorRuntime, Clock, Random } from '../../ports/world.ts';
import { isBitDustError } from '../../protocol/errors.ts';
import { readIdentityFile } from '../../protocol/identity-file.ts';
import type { Service } from '../kit/service.ts';
import { createClaimSearch } from './claim-search.ts';
import { createNicknameHolder } from './nickname-holder.service.ts';
import { createNicknameObserver, type KnownName, type NicknameObserver } from './nickname-observer.service.ts';
import { createOwnDocuments, type OwnDocuments } from './own-documents.ts';
import { createRemovalGate } from './removal-gate.ts';
import type { OwnSelf } from './self.ts';
import { requireWordsOf } from './words.ts';

export interface IdentityNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Random;
  readonly signer: SignerFactory;
  readonly self: OwnSelf;
  readonly messenger: Pick<Messenger, 'request' | 'handle'>;
  readonly directory: Pick<Directory, 'lookUp'>;
  readonly publisher: Pick<Publisher, 'keep' | 'withdraw' | 'published' | 'signedRecords'>;
  readonly identities: Pick<Identities, 'personOf' | 'accept' | 'get'>;
  readonly addressBook: Pick<AddressBook, 'known'>;
  /** Our own logs; null for a node that stores nothing with others. */
  readonly log: Pick<OrderLog, 'family' | 'heads'> | null;
  readonly isJoined: () => boolean;
  /** Names we know people by, for telling look-alikes. */
  readonly knownNames?: () => readonly KnownName[];
  readonly onFailure: (key: string, error: unknown) => void;
}

/** The chapter identity, wired: what keeps us findable and what others ask of it. */
export interface IdentityService extends Service, Pick<NicknameObserver, 'find'> {
  readonly documents: OwnDocuments['documents'];
  readonly onDocuments: OwnDocuments['onChange'];
  /** Rejects with `PHRASE_…` or `PHRASE_DIFFERS`; else notes that the owner has the words. */
  confirmWords(words: readonly string[]): Promise<void>;
}

/** Wires the chapter identity. Nothing happens before it starts. */
export function createIdentityService(needs: IdentityNeeds): IdentityService {
  const { self, identities } = needs;
  const search = createClaimSearch(needs);
  const documents = createOwnDocuments(needs);
  const holder = createNicknameHolder({ ...needs, search });
  const observer = createNicknameObserver({ ...needs, search, knownNames: needs.knownNames ?? (() => []) });
  const parts: readonly Service[] = [documents, createRemovalGate(needs), holder, observer];

  /** Logs that other devices of ours wrote are judged by our own file; one that came from them is newer. */
  async function acceptOwnFile(): Promise<void> {
    try {
      await identities.accept(self.identityFile());
    } catch (error) {
      const newer = isBitDustError(error, 'IDENTITY_OLD') ? identities.get(self.person) : undefined;
      if (newer === undefined) throw error;
      await self.changeFile(readIdentityFile(newer.file));
    }
  }

  return {
    async start() {
      await acceptOwnFile();
      for (const part of parts) await part.start();
    },
    async stop() {
      for (const part of parts.toReversed()) await part.stop();
    },
    documents: () => documents.documents(),
    onDocuments: (listener) => documents.onChange(listener),
    find: (name, signal) => observer.find(name, signal),
    async confirmWords(words) {
      requireWordsOf(self.personKey, words);
      if (!self.state().wordsConfirmed) await self.change((state) => ({ ...state, wordsConfirmed: true }));
    },
  };
}
