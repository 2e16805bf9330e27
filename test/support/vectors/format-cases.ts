import { encode } from '../../../protocol/cbor.ts';
import { listHeadValue, presenceValue, rootHeadValue } from '../../../protocol/directory-values.ts';
import { lockedKeyFile, openKeyFile, plainKeyFile } from '../../../protocol/key-file.ts';
import { makeNicknameClaim, readNicknameClaim } from '../../../protocol/nickname-claim.ts';
import { decodePacket, encodePacket } from '../../../protocol/packet.ts';
import { makeProfile, readProfile } from '../../../protocol/profile.ts';
import { rendezvousSeed } from '../../../protocol/recovery-keys.ts';
import { openRecoveryRecord, sealRecoveryRecord } from '../../../protocol/recovery-record.ts';
import { open, seal } from '../../../protocol/sealed.ts';
import { makeStatement, parseStatement, verifyStatement } from '../../../protocol/statement.ts';
import { device, ENTROPY, ISSUED, keyOf, list1, NETWORK, named, person, root0 } from './people.ts';
import type { Vector } from './vector-file.ts';

function good(name: string, comment: string, bytes: Uint8Array): Vector {
  return { name, expect: 'accept', comment, bytes };
}

function bad(name: string, comment: string, bytes: Uint8Array): Vector {
  return { name, expect: 'reject', comment, bytes };
}

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = copy[at]! ^ 1;
  return copy;
}

const salt = named('salt').subarray(0, 16);
const record = {
  network: NETWORK,
  person,
  family: 7,
  anchors: Array.from({ length: 8 }, (_, index) => ({
    device: named(`supplier ${index}`),
    address: 'tcp://203.0.113.77:65535',
  })),
  keychain: named('keychain'),
  heads: named('heads'),
};
const pair = rendezvousSeed(ENTROPY, 0);
const recovery = sealRecoveryRecord(record, pair, salt);

const sealedText = seal({ epoch: 3, secret: named('secret'), salt, label: 'bitdust/example/1', plaintext: named('x') });

const claimBody = { name: 'alice', person, since: ISSUED };
const claim = makeNicknameClaim(claimBody, device).statement;
const profileBody = {
  person,
  device: device.publicKey,
  revision: 1,
  nickname: 'alice',
  avatar: null,
  services: [{ name: 'supplier', limits: { bytes: 2 ** 30 } }],
  addresses: ['tcp://127.0.0.1:7771'],
  issued: ISSUED,
};
const profile = makeProfile(profileBody, device).statement;

const contract = makeStatement('contract', { bytes: 1 }, keyOf('customer'), keyOf('supplier'));
const { type, body, signatures } = contract;

const request = encodePacket({
  command: 'FindNickname',
  n: 5,
  re: null,
  owner: null,
  payload: { name: 'alice' },
  streams: [],
});
const data = encodePacket({
  command: 'Data',
  n: 6,
  re: null,
  owner: person,
  payload: {
    pieces: [
      {
        block: named('block'),
        seat: 3,
        root: named('root'),
        length: 100,
        order: { device: device.publicKey, log: salt, seq: 9 },
      },
    ],
  },
  streams: [{ id: 1, length: 100 }],
});
const outer = { command: 'FindNickname', n: 5, re: null, owner: null, payload: { name: 'alice' }, streams: [] };

const keys = { device: named('a'), admin: named('b'), seal: named('c') };
const randomness = new Uint8Array([...named('r1'), ...named('r2').subarray(0, 8)]);
const locked = lockedKeyFile(keys, { passphrase: 'correct horse', randomness, costLog2: 14 });

const rootHead = rootHeadValue.encode({
  epoch: 0,
  hash: root0.hash,
  admins: Array.from({ length: 8 }, (_, index) => named(`admin ${index}`)),
  sources: [{ device: device.publicKey, address: 'tcp://203.0.113.77:65535' }],
});
const listHead = listHeadValue.encode({ network: NETWORK, epoch: 0, revision: 1, hash: list1.hash });
const presence = presenceValue.encode({
  network: NETWORK,
  addresses: ['tcp://203.0.113.77:7771'],
  profile: named('profile'),
});

function same(read: (bytes: Uint8Array) => unknown): (bytes: Uint8Array) => Uint8Array {
  return (bytes) => {
    read(bytes);
    return bytes;
  };
}

/** Areas of the smaller formats. */
export const formatAreas = {
  'recovery-record': {
    read: (bytes: Uint8Array) => sealRecoveryRecord(openRecoveryRecord(bytes, pair), pair, bytes.slice(0, 16)),
    cases: [
      good('full', 'eight anchors, under rendezvous pair 0', recovery),
      bad('salt-changed', 'one bit of the salt differs', flip(recovery, 0)),
      bad('tag-changed', 'one bit of the tag differs', flip(recovery, 899)),
      bad('other-pair', 'made under pair 1', sealRecoveryRecord(record, rendezvousSeed(ENTROPY, 1), salt)),
      bad('short', '899 bytes', recovery.subarray(0, 899)),
    ],
  },
  sealed: {
    read: same((sealed) => {
      const secretOf = (epoch: number) => (epoch === 3 ? named('secret') : undefined);
      open({ secretOf, label: 'bitdust/example/1', sealed });
    }),
    cases: [
      good('epoch-3', 'under the secret of epoch 3', sealedText),
      bad('epoch-changed', 'epoch 2, whose secret is not known', flip(sealedText, 3)),
      bad('text-changed', 'one bit differs', flip(sealedText, 25)),
      bad('short', 'less than epoch, salt and tag', sealedText.subarray(0, 35)),
    ],
  },
  'nickname-claim': {
    read: same(readNicknameClaim),
    cases: [
      good('alice', 'signed by one device', claim.bytes),
      bad(
        'capital',
        'a name with a capital',
        makeStatement('nickname-claim', { ...claimBody, name: 'Alice' }, device).bytes,
      ),
      bad('short', 'a name of two', makeStatement('nickname-claim', { ...claimBody, name: 'al' }, device).bytes),
      bad('two-signers', 'signed by two', makeStatement('nickname-claim', claimBody, device, keyOf('other')).bytes),
      bad('changed', 'one bit of the signature differs', flip(claim.bytes, claim.bytes.length - 40)),
    ],
  },
  profile: {
    read: same(readProfile),
    cases: [
      good('supplier', 'a reachable supplier', profile.bytes),
      bad(
        'other-signer',
        'not signed by the device it names',
        makeStatement('profile', profileBody, keyOf('other')).bytes,
      ),
      bad(
        'nickname',
        'a nickname with a space',
        makeStatement('profile', { ...profileBody, nickname: 'a b c' }, device).bytes,
      ),
      bad(
        'address',
        'an address that is none',
        makeStatement('profile', { ...profileBody, addresses: ['here'] }, device).bytes,
      ),
    ],
  },
  statement: {
    read: (bytes: Uint8Array) => {
      const statement = parseStatement(bytes);
      const allowed = [keyOf('customer').publicKey, keyOf('supplier').publicKey];
      verifyStatement(statement, { type: 'contract', keys: allowed, atLeast: 2 });
      return statement.bytes;
    },
    cases: [
      good('contract', 'signed by both sides', contract.bytes),
      bad('one-side', 'one signature', makeStatement('contract', { bytes: 1 }, keyOf('customer')).bytes),
      bad('unsorted', 'signatures out of order', encode({ type, body, signatures: signatures.toReversed() })),
      bad('unsigned', 'no signature', encode({ type, body, signatures: [] })),
      bad('other-type', 'the signatures of a contract on a notice', encode({ type: 'notice', body, signatures })),
      bad('unknown-type', 'a type of another version', encode({ type: 'wish', body, signatures })),
      bad(
        'third',
        'a third signer',
        makeStatement('contract', { bytes: 1 }, keyOf('customer'), keyOf('supplier'), keyOf('x')).bytes,
      ),
    ],
  },
  packet: {
    read: (bytes: Uint8Array) => encodePacket(decodePacket(bytes)),
    cases: [
      good('find-nickname', 'a small request', request),
      good('data', 'one piece with its stream', data),
      bad('unknown-command', 'a command of another version', encode({ ...outer, command: 'Explode' })),
      bad('answer-without-question', 'an Ack that answers nothing', encode({ ...outer, command: 'Ack' })),
      bad('no-payload-field', 'the name is missing', encode({ ...outer, payload: {} })),
      bad('negative-n', 'n below zero', encode({ ...outer, n: -1 })),
      bad('stream-not-allowed', 'a stream where none belongs', encode({ ...outer, streams: [{ id: 1, length: 1 }] })),
      bad('too-large', 'more than 1 KiB for this command', encode({ ...outer, more: new Uint8Array(1100) })),
    ],
  },
  'key-file': {
    read: same((bytes) => openKeyFile(bytes, 'correct horse')),
    cases: [
      good('plain', 'without a passphrase', plainKeyFile(keys)),
      good('locked', 'scrypt with 2^14 rounds, passphrase "correct horse"', locked),
      bad('changed', 'one bit of the ciphertext differs', flip(locked, locked.length - 60)),
      bad(
        'costly',
        'a cost that would take gigabytes',
        encode({ v: 1, kind: 'scrypt', costLog2: 30, salt, nonce: randomness.subarray(0, 24), sealed: salt }),
      ),
    ],
  },
  'root-head': {
    read: (bytes: Uint8Array) => rootHeadValue.encode(rootHeadValue.decode(bytes)),
    cases: [good('eight-admins', 'eight admin keys', rootHead), bad('list-head', 'a list head instead', listHead)],
  },
  'list-head': {
    read: (bytes: Uint8Array) => listHeadValue.encode(listHeadValue.decode(bytes)),
    cases: [good('first', 'revision 1', listHead), bad('root-head', 'a root head instead', rootHead)],
  },
  presence: {
    read: (bytes: Uint8Array) => presenceValue.encode(presenceValue.decode(bytes)),
    cases: [good('one-address', 'one address', presence), bad('list-head', 'a list head instead', listHead)],
  },
} as const;
