import type { Identities, Self } from '../../ports/identity.ts';
import type { Messenger, PeerAnswer, PeerRequest } from '../../ports/messenger.ts';
import type { OrderLogs } from '../../ports/order-logs.ts';
import type { PieceStore } from '../../ports/pieces.ts';
import type { Clock, Random } from '../../ports/world.ts';
import { rangeOf } from '../../protocol/address-range.ts';
import { checkPayload, type PayloadOf } from '../../protocol/commands.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { sha256, toHex } from '../../protocol/hash.ts';
import { readIdentityFile } from '../../protocol/identity-file.ts';
import { keyOfDevice, keyOfPerson, type PersonId, personIdFrom } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { writeHead } from '../../protocol/log-content.ts';
import { isOwnershipProof } from '../../protocol/ownership-proof.ts';
import type { Service } from '../kit/service.ts';

export interface OwnershipNeeds {
  readonly self: Pick<Self, 'device' | 'networkId'>;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly random: Random;
  readonly identities: Pick<Identities, 'get'>;
  readonly messenger: Pick<Messenger, 'handle' | 'links' | 'admitProver'>;
  readonly logs: Pick<OrderLogs, 'of'>;
  readonly pieces: Pick<PieceStore, 'account' | 'document'>;
}

interface Challenge {
  readonly person: PersonId;
  readonly link: string;
  readonly epoch: number;
  readonly at: number;
}

type Proof = Extract<PayloadOf<'ProveOwnership'>, { readonly nonce: Uint8Array }>;

const HOUR_MS = 3_600_000;
const RANGES_MAX = 4096;

/** Lets in who proves with the words that a customer's data is his: from then on this session reads, and writes nothing. */
export function createOwnership(needs: OwnershipNeeds): Service {
  const { self, clock, random, identities, messenger, logs, pieces } = needs;
  const challenges = new Map<string, Challenge>();
  const asked = createHourly(clock);
  let end: () => void = () => undefined;

  function knownRoots(person: PersonId) {
    const known = identities.get(person);
    if (known === undefined || pieces.account(person) === undefined) throw new BitDustError('CUSTOMER_UNKNOWN');
    return readIdentityFile(known.file, { person: keyOfPerson(person) });
  }

  function rangeOfRequest({ from, link }: PeerRequest): string {
    const path = messenger.links().find(({ peer }) => peer === from.device);
    return path === undefined ? link : rangeOf(path.address);
  }

  function challenge(request: PeerRequest, person: PersonId): PeerAnswer {
    asked.take(rangeOfRequest(request));
    const { epoch } = knownRoots(person).root;
    const nonce = random.bytes(32);
    challenges.set(toHex(nonce), { person, link: request.link, epoch, at: clock.monotonic() });
    const [oldest] = challenges.keys();
    if (challenges.size > LIMITS.ownershipChallengesMax.value && oldest !== undefined) challenges.delete(oldest);
    return { payload: { epoch, nonce } };
  }

  /** A challenge serves once, in its own session, for the person it was given for. */
  function open(request: PeerRequest, proof: Proof): Challenge {
    const key = toHex(proof.nonce);
    const given = challenges.get(key);
    challenges.delete(key);
    const holds =
      given !== undefined &&
      given.link === request.link &&
      given.person === personIdFrom(proof.person) &&
      given.epoch === proof.epoch &&
      clock.monotonic() - given.at <= LIMITS.ownershipChallengeMs.value;
    if (!holds) throw new BitDustError('OWNERSHIP_UNPROVEN');
    return given;
  }

  async function admit(request: PeerRequest, proof: Proof): Promise<PeerAnswer> {
    const { person, epoch } = open(request, proof);
    const file = knownRoots(person);
    const statement = {
      network: self.networkId,
      person: keyOfPerson(person),
      epoch,
      supplier: keyOfDevice(self.device),
      device: keyOfDevice(request.from.device),
      nonce: proof.nonce,
      exporter: request.exporter,
    };
    if (file.root.epoch !== epoch || !isOwnershipProof(statement, file.root.root, proof.signature)) {
      throw new BitDustError('OWNERSHIP_UNPROVEN');
    }
    const answer = await documentsOf(person, { version: file.head.revision, bytes: file.bytes });
    messenger.admitProver(request.link, person);
    return answer;
  }

  async function documentsOf(
    person: PersonId,
    identity: { readonly version: number; readonly bytes: Uint8Array },
  ): Promise<PeerAnswer> {
    const log = await logs.of(person);
    const named = [
      { name: 'identity', document: identity },
      { name: 'family', document: log.family() },
      { name: 'keychain', document: await pieces.document(person, 'keychain') },
    ].flatMap(({ name, document }) => (document === undefined ? [] : [{ name, ...document }]));
    return {
      payload: {
        heads: log.heads().map(writeHead),
        documents: named.map(({ name, version, bytes }) => ({ name, version, hash: sha256(bytes) })),
      },
      streams: named.map(({ bytes }) => ({ length: bytes.length, bytes })),
    };
  }

  return {
    start() {
      end = messenger.handle('ProveOwnership', async (request) => {
        const payload = checkPayload('ProveOwnership', request.payload);
        return 'nonce' in payload ? admit(request, payload) : challenge(request, personIdFrom(payload.person));
      });
    },
    stop() {
      end();
      challenges.clear();
    },
  };
}

/** Counts tries of a range of addresses; one too many is `TOO_BUSY` with the time to wait. */
function createHourly(clock: Pick<Clock, 'monotonic'>) {
  const tries = new Map<string, readonly number[]>();
  return {
    take(range: string): void {
      const now = clock.monotonic();
      const recent = (tries.get(range) ?? []).filter((at) => now - at < HOUR_MS);
      if (recent.length >= LIMITS.ownershipProofsPerHour.value) {
        const retryMs = HOUR_MS - (now - (recent[0] ?? now));
        throw new BitDustError('TOO_BUSY', undefined, { details: { retryMs } });
      }
      tries.delete(range);
      tries.set(range, [...recent, now]);
      const [oldest] = tries.keys();
      if (tries.size > RANGES_MAX && oldest !== undefined) tries.delete(oldest);
    },
  };
}
