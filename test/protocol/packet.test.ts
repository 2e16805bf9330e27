import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode } from '../../protocol/cbor.ts';
import {
  COMMANDS,
  type Command,
  type CommandRow,
  checkAnswer,
  checkPayload,
  sendersOf,
} from '../../protocol/commands.ts';
import { FrameCutter, frameItems, unframeItems } from '../../protocol/framed.ts';
import { decodePacket, encodePacket, type Packet } from '../../protocol/packet.ts';

const bytes32 = new Uint8Array(32).fill(9);
const order = { device: bytes32, log: new Uint8Array(16), seq: 2 ** 40 };

function packet(command: Command, payload: Readonly<Record<string, unknown>>, more: Partial<Packet> = {}): Packet {
  return { command, n: 1, re: null, owner: null, payload, streams: [], ...more };
}

const full: Partial<Record<Command, Readonly<Record<string, unknown>>>> = {
  Identity: {
    head: { epoch: 1, revision: 2, hash: bytes32 },
    known: null,
    file: new Uint8Array(48 * 1024),
    profile: new Uint8Array(4096),
    observed: 'tcp://255.255.255.255:65535',
    link: new Uint8Array(16),
    received: 2 ** 50,
  },
  Data: {
    pieces: Array.from({ length: 64 }, () => ({ block: bytes32, seat: 63, root: bytes32, length: 8 * 2 ** 20, order })),
  },
  ListFiles: { ask: 'have', pieces: Array.from({ length: 256 }, () => ({ block: bytes32, seat: 63 })) },
  Delete: { pieces: Array.from({ length: 256 }, () => ({ block: bytes32, seat: 63 })), order, second: null },
  Retrieve: {
    pieces: Array.from({ length: 64 }, () => ({ block: bytes32, seat: 63, leaf: 500, leaves: 12 })),
    grant: null,
  },
};

test('a packet comes back as it was sent, and the fullest of each kind stays within its limit', () => {
  for (const [command, payload] of Object.entries(full)) {
    const sent = packet(command as Command, payload);
    assert.deepEqual(decodePacket(encodePacket(sent)), sent);
  }
  const files = { kind: 'pieces', pieces: new Uint8Array(33 * 1700), next: bytes32 };
  assert.ok(encodePacket(packet('Files', files, { re: 1 })).length <= COMMANDS.Files.bytesMax);
  const results = Array.from({ length: 256 }, () => 'over-limit');
  assert.ok(encodePacket(packet('Ack', { results }, { re: 1 })).length <= COMMANDS.Ack.bytesMax);
  const stored = Array.from({ length: 64 }, () => ({ block: bytes32, seat: 63, result: 'x'.repeat(48) }));
  assert.ok(encodePacket(packet('Ack', { results: stored }, { re: 1 })).length <= COMMANDS.Ack.bytesMax);
});

test('a field that is not known yet is ignored, a missing one is refused by name', () => {
  const sent = { ...packet('FindNickname', { name: 'alice', hue: 'blue' }), later: 5 };
  const read = decodePacket(encode(sent));
  assert.deepEqual(read.payload, { name: 'alice' });
  assert.throws(() => decodePacket(encode(packet('FindNickname', {}))), {
    code: 'ENCODING_INVALID',
    message: 'FindNickname.name is not there',
  });
});

test('an unknown command, an answer without question, a question with an answer number and wrong streams are refused', () => {
  const unknown = { ...packet('Notice', {}), command: 'Explode' };
  assert.throws(() => decodePacket(encode(unknown)), { code: 'COMMAND_UNKNOWN' });
  for (const name of ['constructor', '__proto__', 'toString']) {
    assert.throws(() => decodePacket(encode({ ...unknown, command: name })), { code: 'COMMAND_UNKNOWN' });
  }
  assert.throws(() => decodePacket(encode(packet('Ack', {}))), { code: 'ENCODING_INVALID' });
  assert.throws(() => decodePacket(encode(packet('FindNickname', { name: 'bob' }, { re: 1 }))), {
    code: 'ENCODING_INVALID',
  });
  const streams = [{ id: 1, length: 1 }];
  assert.throws(() => decodePacket(encode(packet('FindNickname', { name: 'bob' }, { streams }))), {
    code: 'ENCODING_INVALID',
  });
  const long = packet('AppendLog', { count: 1 }, { streams: [{ id: 1, length: 2 ** 21 }] });
  assert.throws(() => decodePacket(encode(long)), { code: 'TOO_LARGE' });
  const fat = packet('FindNickname', { name: 'bob', fat: new Uint8Array(1024) });
  assert.throws(() => decodePacket(encode(fat)), { code: 'TOO_LARGE' });
});

test('an answer is checked by the row of the request it answers', () => {
  assert.deepEqual(checkAnswer('FindNickname', 'Ack', { claims: [] }), { claims: [] });
  assert.throws(() => checkAnswer('FindNickname', 'Files', { claims: [] }), { code: 'ENCODING_INVALID' });
  assert.throws(() => checkAnswer('Data', 'Ack', { results: [] }), { code: 'ENCODING_INVALID' });
  assert.deepEqual(checkAnswer('Delete', 'Ack', { results: ['trash', 'too-soon'] }), {
    results: ['trash', 'too-soon'],
  });
  assert.deepEqual(checkAnswer('RequestService', 'Ack', { accepted: false, reason: 'no-space', retryMs: null }), {
    accepted: false,
    reason: 'no-space',
    retryMs: null,
  });
});

test('the proof of ownership is read as a proof, the question as a question', () => {
  const proof = { person: bytes32, epoch: 0, nonce: bytes32, signature: new Uint8Array(64) };
  assert.deepEqual(checkPayload('ProveOwnership', proof), proof);
  assert.deepEqual(checkPayload('ProveOwnership', { person: bytes32 }), { person: bytes32 });
});

test('a seat may read the family but not the keychain', () => {
  assert.ok(sendersOf('GetDocument', { name: 'family' }).includes('seat'));
  assert.ok(!sendersOf('GetDocument', { name: 'keychain' }).includes('seat'));
  assert.deepEqual(sendersOf('PutDocument', { name: 'constructor' }), ['owner']);
});

test('every row bounds its packets by the largest packet, and every answer has a row of its own', () => {
  for (const row of Object.values<CommandRow>(COMMANDS)) {
    assert.ok(row.bytesMax <= 64 * 1024);
    assert.ok(row.answer === null || row.answer.command in COMMANDS);
  }
});

test('framed items are cut the same however their bytes arrive', () => {
  const items = [new Uint8Array(0), bytes32, new Uint8Array(300).fill(3)];
  const stream = frameItems(items);
  assert.deepEqual(unframeItems(stream, 300), items);
  const cutter = new FrameCutter(300);
  assert.deepEqual(
    [...stream].flatMap((byte) => cutter.push(Uint8Array.of(byte))),
    items,
  );
  cutter.end();
  assert.throws(() => unframeItems(stream, 299), { code: 'TOO_LARGE' });
  assert.throws(() => unframeItems(stream.subarray(0, -1), 300), { code: 'ENCODING_INVALID' });
});
