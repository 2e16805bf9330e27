import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createInventoryHasher } from '../../../protocol/inventory.ts';
import { hashLeaves } from '../../../protocol/piece-tree.ts';
import {
  alice,
  bob,
  bytesOf,
  DAY_MS,
  joined,
  MIB,
  pieceOf,
  storeAll,
  storeMachine,
  streamOf,
} from '../../support/piece-store.ts';

const KIB = 1024;
const usage = (account: { usedBytes: number; trashBytes: number; reservedBytes: number; pieces: number } | undefined) =>
  account && [account.pieces, account.usedBytes, account.trashBytes, account.reservedBytes];

test('gives back what it stored, whole and by leaves, small and large', async () => {
  const { store } = await storeMachine();
  for (const [seed, length] of [1, 100, 16 * KIB, 16 * KIB + 1, 64 * KIB - 1, 64 * KIB, 700_001].entries()) {
    const { offer, payload } = pieceOf(seed, length);
    assert.equal(await store.store(offer, streamOf(payload)), 'stored');
    const whole = await store.read(offer);
    assert.deepEqual(await joined(whole.content), payload);
    assert.deepEqual(whole.leafHashes, hashLeaves(payload));
    const last = Math.ceil(length / (16 * KIB)) - 1;
    const tail = await store.read(offer, { leaf: last, leaves: 9 });
    assert.deepEqual([tail.firstLeaf, tail.leaves, tail.contentBytes], [last, 1, length - last * 16 * KIB]);
    assert.deepEqual(await joined(tail.content), payload.subarray(last * 16 * KIB));
    const proof = await store.prove(offer, [last, 0]);
    assert.deepEqual(proof.leaves[0]?.data, payload.subarray(last * 16 * KIB));
    await assert.rejects(store.read(offer, { leaf: last + 1, leaves: 1 }), { code: 'BAD_INPUT' });
    await assert.rejects(store.prove(offer, [last + 1]), { code: 'BAD_INPUT' });
  }
});

test('a second upload is refused before its bytes: have, coming', async () => {
  const { store } = await storeMachine();
  const { offer, payload } = pieceOf(1, 100_000);
  let asked = 0;
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const slow = (async function* () {
    await released;
    yield payload;
  })();
  const never = (async function* () {
    asked += 1;
    yield payload;
  })();
  const first = store.store(offer, slow);
  await assert.rejects(store.store(offer, never), { code: 'PIECE_COMING' });
  const other = { ...offer, seat: offer.seat + 1 };
  assert.deepEqual(await store.standing([offer, other]), ['coming', 'not']);
  release();
  assert.equal(await first, 'stored');
  assert.equal(await store.store(offer, never), 'have');
  assert.equal(asked, 0);
  assert.deepEqual(await store.standing([other, offer]), ['not', 'have']);
});

test('wrong bytes are refused, refunded and leave nothing behind', async () => {
  const { store, volume } = await storeMachine();
  const before = volume.files();
  for (const length of [100, 100_000]) {
    const { offer, payload } = pieceOf(length, length);
    const wrong = payload.slice();
    wrong[length - 1] = (wrong[length - 1] ?? 0) ^ 1;
    await assert.rejects(store.store(offer, streamOf(wrong)), { code: 'PIECE_ROOT_WRONG' });
    await assert.rejects(store.store(offer, streamOf(payload.subarray(1))), { code: 'PIECE_LENGTH_WRONG' });
    await assert.rejects(store.store(offer, streamOf(bytesOf(1, length + 1))), { code: 'PIECE_LENGTH_WRONG' });
    const broken = (async function* () {
      yield payload.subarray(0, 10);
      throw new Error('the link is gone');
    })();
    await assert.rejects(store.store(offer, broken), /the link is gone/);
  }
  assert.deepEqual(usage(store.account(alice)), [0, 0, 0, 0]);
  assert.deepEqual(volume.files(), before);
});

test('an aborted upload ends at once with its reason and is refunded', async () => {
  const { store } = await storeMachine();
  const { offer, payload } = pieceOf(1, 100_000);
  const aborter = new AbortController();
  const stalled = (async function* () {
    yield payload.subarray(0, 5);
    await new Promise(() => {});
  })();
  const upload = store.store(offer, stalled, { signal: aborter.signal });
  while (store.account(alice)?.reservedBytes !== 100_000) await new Promise(setImmediate);
  aborter.abort(new Error('enough'));
  await assert.rejects(upload, /enough/);
  assert.deepEqual(usage(store.account(alice)), [0, 0, 0, 0]);
  assert.equal(await store.store(offer, streamOf(payload)), 'stored');
});

test('who has no contract stores nothing, and unsound offers are refused', async () => {
  const { store } = await storeMachine();
  const stranger = pieceOf(5, 10, `${alice.slice(0, 2)}1` as typeof alice);
  const { offer, payload } = pieceOf(1, 10);
  await assert.rejects(store.store({ ...offer, customer: stranger.offer.customer }, streamOf(payload)), {
    code: 'CUSTOMER_UNKNOWN',
  });
  await assert.rejects(store.store({ ...offer, seat: 256 }, streamOf(payload)), { code: 'BAD_INPUT' });
  await assert.rejects(store.store({ ...offer, length: 0 }, streamOf(payload)), { code: 'BAD_INPUT' });
  await assert.rejects(store.store({ ...offer, length: 9 * MIB }, streamOf(payload)), { code: 'TOO_LARGE' });
  await assert.rejects(store.read(offer), { code: 'PIECE_UNKNOWN' });
});

test('a grant is kept with its contract, and all grants together stay under what is donated', async () => {
  const machine = await storeMachine({ grantBytes: 1000 });
  const grant = (bytes: number) =>
    machine.store.grant({ customer: alice, bytes, donatedBytes: 2000, contract: bytesOf(bytes, 10) });
  await assert.rejects(grant(1001), { code: 'SPACE_PROMISED' });
  await grant(500);
  machine.kill();
  const store = await machine.start();
  assert.equal(store.account(alice)?.grantBytes, 500);
  assert.deepEqual(await store.contract(alice), bytesOf(500, 10));
  await store.forget(alice);
  assert.deepEqual([store.account(alice), await store.contract(alice)], [undefined, undefined]);
});

test('log and documents count, newer documents take the place of older ones', async () => {
  const { store } = await storeMachine({ grantBytes: 1000 });
  const document = (version: number, length: number) => ({ version, hash: 'aa', bytes: bytesOf(version, length) });
  assert.equal(await store.keepDocument(alice, 'family', document(2, 300)), 'kept');
  assert.equal(await store.keepDocument(alice, 'family', document(2, 10)), 'old');
  assert.equal(await store.keepDocument(alice, 'family', document(1, 10)), 'old');
  assert.equal(await store.keepDocument(alice, 'family', document(3, 200)), 'kept');
  assert.deepEqual(await store.document(alice, 'family'), document(3, 200));
  assert.equal(await store.document(bob, 'family'), undefined);
  await store.charge({ customer: alice, what: 'log', bytes: 700 });
  await store.charge({ customer: alice, what: 'log', bytes: 600 });
  assert.deepEqual([store.account(alice)?.otherBytes, store.account(alice)?.freeBytes], [800, 200]);
  await assert.rejects(store.charge({ customer: alice, what: 'log', bytes: 801 }), { code: 'QUOTA_EXCEEDED' });
  await assert.rejects(store.keepDocument(alice, 'records', document(1, 201)), { code: 'QUOTA_EXCEEDED' });
  const { offer, payload } = pieceOf(1, 201);
  await assert.rejects(store.store(offer, streamOf(payload)), { code: 'QUOTA_EXCEEDED' });
});

test('the inventory is the same digest on both sides, and its parts make the whole', async () => {
  const { store } = await storeMachine();
  const pieces = Array.from({ length: 40 }, (_, seed) => pieceOf(seed, 100 + seed));
  await storeAll(store, [...pieces, pieceOf(99, 100, bob)]);
  const sorted = pieces.toSorted((a, b) => (a.offer.block < b.offer.block ? -1 : 1));
  const mine = createInventoryHasher();
  for (const { offer } of sorted) mine.add(offer.block, offer.seat);
  const theirs = await store.digest(alice);
  assert.deepEqual({ count: theirs.count, digest: theirs.digest }, mine.finish());
  const parts = await store.split(alice, { parts: 8 });
  assert.equal(parts.length, 8);
  assert.equal(
    parts.reduce((sum, part) => sum + part.count, 0),
    40,
  );
  for (const part of parts)
    assert.deepEqual(await store.digest(alice, part.span), {
      count: part.count,
      bytes: part.bytes,
      digest: part.digest,
    });
  const one = sorted[7]?.offer.block ?? '';
  assert.equal((await store.digest(alice, { from: one, before: sorted[9]?.offer.block ?? '' })).count, 2);
  await store.discard([{ ...(sorted[0]?.offer ?? pieceOf(0, 1).offer), due: 0 }]);
  assert.equal((await store.digest(alice)).count, 39);
  const rows: string[] = [];
  for await (const row of store.each(alice)) rows.push(row.block);
  assert.deepEqual(
    rows,
    sorted.map(({ offer }) => offer.block),
  );
});

test('trash counts, is not served, comes back out, and is emptied when due, oldest first', async () => {
  const machine = await storeMachine();
  const { store, volume } = machine;
  const small = pieceOf(1, 1000);
  const large = pieceOf(2, 100_000);
  await storeAll(store, [small, large]);
  await store.discard([{ ...small.offer, due: machine.nowMs + 30 * DAY_MS }]);
  machine.nowMs += DAY_MS;
  const gone = await store.discard([
    { ...large.offer, due: machine.nowMs + DAY_MS },
    { ...small.offer, due: 0 },
  ]);
  assert.equal(gone.length, 1);
  assert.deepEqual(usage(store.account(alice)), [0, 0, 101_000, 0]);
  assert.deepEqual(await store.standing([small.offer, large.offer]), ['not', 'not']);
  await assert.rejects(store.read(large.offer), { code: 'PIECE_UNKNOWN' });
  assert.equal((await store.bringBack([small.offer])).length, 1);
  assert.deepEqual(usage(store.account(alice)), [1, 1000, 100_000, 0]);
  assert.deepEqual(await joined((await store.read(small.offer)).content), small.payload);

  const nothing = await store.emptyTrash({ dueBefore: machine.nowMs, bytesMax: MIB });
  assert.deepEqual(nothing, { pieces: 0, freedBytes: 0, done: true });
  const refused = await store.emptyTrash({ sinceBefore: machine.nowMs, bytesMax: MIB, mayErase: async () => false });
  assert.equal(refused.pieces, 0);
  const emptied = await store.emptyTrash({ dueBefore: machine.nowMs + DAY_MS, bytesMax: MIB });
  assert.deepEqual(emptied, { pieces: 1, freedBytes: 100_000, done: true });
  assert.deepEqual(usage(store.account(alice)), [1, 1000, 0, 0]);
  assert.equal(
    volume.files().some((path) => path.includes(large.offer.block)),
    false,
  );
  assert.equal(await store.row(large.offer), undefined);
  assert.equal(await store.store(large.offer, streamOf(large.payload)), 'stored');
});

test('a piece in the trash that is offered again is taken back out without its bytes', async () => {
  const { store } = await storeMachine();
  const { offer, payload } = pieceOf(1, 100_000);
  await store.store(offer, streamOf(payload));
  await store.discard([{ ...offer, due: 0 }]);
  assert.equal(await store.store(offer, streamOf(new Uint8Array(0))), 'have');
  assert.deepEqual(usage(store.account(alice)), [1, 100_000, 0, 0]);
});

test('segments that are half dead are compacted, and what lives in them stays readable', async () => {
  const machine = await storeMachine();
  const pieces = Array.from({ length: 30 }, (_, seed) => pieceOf(seed, 5000));
  await storeAll(machine.store, pieces);
  machine.kill();
  const store = await machine.start();
  const dead = pieces.slice(0, 20);
  await store.discard(dead.map(({ offer }) => ({ ...offer, due: 0 })));
  await store.emptyTrash({ dueBefore: machine.nowMs, bytesMax: MIB });
  const used = machine.volume.usedBytes;
  const freed = await store.compact();
  assert.ok(freed > 90_000 && machine.volume.usedBytes <= used - freed, `${freed}`);
  for (const { offer, payload } of pieces.slice(20)) {
    assert.deepEqual(await joined((await store.read(offer)).content), payload);
  }
  assert.equal(await store.compact(), 0);
  assert.deepEqual(usage(store.account(alice)), [10, 50_000, 0, 0]);
});
