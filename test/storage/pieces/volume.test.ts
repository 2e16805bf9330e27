import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  alice,
  bob,
  bytesOf,
  joined,
  MIB,
  pieceOf,
  storeAll,
  storeMachine,
  streamOf,
} from '../../support/piece-store.ts';

const FOLDER = '/home/store';

test('D6: an unmounted folder is unavailable, never "not found", and everything is there when it is back', async () => {
  const machine = await storeMachine();
  const { store, volume } = machine;
  const pieces = [pieceOf(1, 1000), pieceOf(2, 100_000)];
  await storeAll(store, pieces);
  const { offer, payload } = pieceOf(3, 100_000);
  const first = pieces[1]?.offer ?? offer;
  volume.unmount(FOLDER);
  await assert.rejects(store.read(first), { code: 'DISK_GONE' });
  const refused = [
    store.standing([offer]),
    store.row(offer),
    store.read(first),
    store.store(offer, streamOf(payload)),
    store.digest(alice),
    store.verifyNext({ cursor: null, bytes: MIB }),
    store.emptyTrash({ dueBefore: machine.nowMs, bytesMax: MIB }),
  ];
  for (const call of refused) await assert.rejects(call, { code: 'DISK_GONE' });
  assert.equal(store.health, 'unavailable');
  assert.equal(await store.probe(), 'unavailable');
  volume.remount(FOLDER);
  assert.equal(await store.probe(), 'ready');
  assert.deepEqual(await store.standing([...pieces.map((piece) => piece.offer), offer]), ['have', 'have', 'not']);
  assert.equal(await store.store(offer, streamOf(payload)), 'stored');
  assert.deepEqual((await store.verifyNext({ cursor: null, bytes: MIB })).rotten, []);
});

test('D6: the vanishing is noticed within a second by questions that touch no file', async () => {
  const machine = await storeMachine();
  machine.volume.unmount(FOLDER);
  machine.nowMs += 1000;
  await assert.rejects(machine.store.standing([pieceOf(1, 10).offer]), { code: 'DISK_GONE' });
});

test('D6: another store in the place of ours is unavailable too', async () => {
  const machine = await storeMachine();
  const { offer, payload } = pieceOf(1, 100_000);
  await machine.store.store(offer, streamOf(payload));
  const marker = machine.volume.peek(`${FOLDER}/store`);
  machine.volume.rot(`${FOLDER}/store`, new TextEncoder().encode('bitdust piece store 1\n00112233\n'));
  assert.equal(await machine.store.probe(), 'unavailable');
  await assert.rejects(machine.store.read(offer), { code: 'DISK_GONE' });
  machine.volume.rot(`${FOLDER}/store`, marker);
  assert.equal(await machine.store.probe(), 'ready');
});

test('D6: a start without the volume opens, answers unavailable, and recovers when it comes', async () => {
  const machine = await storeMachine();
  const { offer, payload } = pieceOf(1, 100_000);
  await machine.store.store(offer, streamOf(payload));
  machine.kill();
  machine.volume.unmount(FOLDER);
  const store = await machine.start();
  assert.equal(store.health, 'unavailable');
  await assert.rejects(store.standing([offer]), { code: 'DISK_GONE' });
  assert.equal(store.account(alice)?.usedBytes, 100_000);
  machine.volume.remount(FOLDER);
  assert.deepEqual(await store.standing([offer]), ['have']);
});

test('D6: a read-only volume serves what it has and takes nothing new', async () => {
  const machine = await storeMachine();
  const { store, volume } = machine;
  const kept = pieceOf(1, 100_000);
  const { offer, payload } = pieceOf(2, 100_000);
  await store.store(kept.offer, streamOf(kept.payload));
  volume.setReadOnly(true);
  await assert.rejects(store.store(offer, streamOf(payload)), { code: 'DISK_FAILED' });
  assert.equal(await store.probe(), 'read-only');
  assert.deepEqual(await joined((await store.read(kept.offer)).content), kept.payload);
  assert.equal(store.account(alice)?.reservedBytes, 0);
  volume.setReadOnly(false);
  assert.equal(await store.probe(), 'ready');
  assert.equal(await store.store(offer, streamOf(payload)), 'stored');
});

test('D5: a full disk refuses clearly, still takes removals, and goes on when there is room', async () => {
  const machine = await storeMachine();
  const { store, volume } = machine;
  const kept = pieceOf(1, 100_000);
  await store.store(kept.offer, streamOf(kept.payload));
  volume.setCapacity(volume.usedBytes + 50_000);
  const { offer, payload } = pieceOf(2, 100_000);
  await assert.rejects(store.store(offer, streamOf(payload)), { code: 'DISK_FULL' });
  assert.equal(store.health, 'full');
  let asked = false;
  const untouched = (async function* () {
    asked = true;
    yield payload;
  })();
  await assert.rejects(store.store(offer, untouched), { code: 'DISK_FULL' });
  assert.equal(asked, false);
  assert.deepEqual(await joined((await store.read(kept.offer)).content), kept.payload);
  await store.discard([{ ...kept.offer, due: 0 }]);
  assert.equal((await store.emptyTrash({ dueBefore: 0, bytesMax: MIB })).freedBytes, 100_000);
  assert.equal(await store.probe(), 'full');
  volume.setCapacity(volume.usedBytes + 64 * MIB);
  assert.equal(await store.probe(), 'ready');
  assert.equal(await store.store(offer, streamOf(payload)), 'stored');
});

test('a lost index is built again from the files: pieces, accounts to the byte, contracts', async () => {
  const machine = await storeMachine();
  const pieces = [1, 1000, 65_535, 65_536, 200_000].map((length, seed) =>
    pieceOf(seed, length, seed % 2 ? bob : alice),
  );
  await storeAll(machine.store, pieces);
  const { storeId } = machine.store;
  const before = machine.store.accounts();
  const gone = pieces[3]?.offer ?? pieceOf(0, 1).offer;
  await machine.loseIndex();
  const store = await machine.start();
  assert.equal(store.storeId, storeId);
  assert.deepEqual(store.accounts().toSorted(byCustomer), before.toSorted(byCustomer));
  assert.deepEqual(await store.contract(alice), bytesOf(9, 100));
  for (const { offer, payload } of pieces) {
    assert.deepEqual(await joined((await store.read(offer)).content), payload);
    assert.deepEqual((await store.row(offer))?.order, offer.order);
  }
  await machine.loseIndex();
  machine.orderStands = async ({ block }) => block !== gone.block;
  const again = await machine.start();
  assert.deepEqual(await again.standing([gone]), ['not']);
  assert.equal(again.account(bob)?.trashBytes, 65_536);
  assert.equal((await again.bringBack([gone])).length, 1);
});

test('a piece that lies twice after the loss of the index counts once', async () => {
  const machine = await storeMachine();
  const { offer, payload } = pieceOf(1, 100_000);
  await machine.store.store(offer, streamOf(payload));
  const [path] = machine.volume.files().filter((name) => name.includes('/pieces/'));
  machine.volume.rot(path ?? '', machine.volume.peek(path ?? '').fill(0, 50_000));
  await machine.store.verifyNext({ cursor: null, bytes: MIB });
  machine.nowMs += 2 * 86_400_000;
  machine.crashPoint = (name) => {
    if (name === 'erase.removed' || name === 'piece.indexed') machine.kill();
  };
  await machine.store.store(offer, streamOf(payload)).catch(() => undefined);
  machine.crashPoint = () => {};
  assert.equal(machine.volume.files().filter((name) => name.includes('/pieces/')).length, 2);
  await machine.loseIndex();
  const store = await machine.start();
  assert.equal(store.account(alice)?.usedBytes, 100_000);
  assert.deepEqual(await joined((await store.read(offer)).content), payload);
  assert.equal(machine.volume.files().filter((name) => name.includes('/pieces/')).length, 1);
});

function byCustomer(one: { readonly customer: string }, other: { readonly customer: string }): number {
  return one.customer < other.customer ? -1 : 1;
}
