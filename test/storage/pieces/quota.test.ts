import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededFraction } from '../../support/fraction.ts';
import { alice, joined, MIB, pieceOf, storeMachine, streamOf } from '../../support/piece-store.ts';

test('Q1: eight uploads race one grant a hundred times: never over by a byte, refunded on abort, trash counted', async () => {
  const machine = await storeMachine({ grantBytes: 300_000 });
  const { store } = machine;
  const fraction = seededFraction(3);
  for (let round = 0; round < 100; round += 1) {
    const grantBytes = 100_000 + Math.floor(fraction() * 200_000);
    await store.grant({ customer: alice, bytes: grantBytes, donatedBytes: 600_000, contract: new Uint8Array(1) });
    const pieces = Array.from({ length: 8 }, (_, at) => pieceOf(round * 8 + at, 1 + Math.floor(fraction() * 90_000)));
    const watch = async function* (payload: Uint8Array, breaks: boolean) {
      for await (const chunk of streamOf(payload)) {
        const account = store.account(alice);
        const taken = (account?.usedBytes ?? 0) + (account?.trashBytes ?? 0) + (account?.reservedBytes ?? 0);
        assert.ok(taken <= grantBytes, `${taken} of ${grantBytes}`);
        yield chunk;
        if (breaks) throw new Error('gone');
      }
    };
    const outcomes = await Promise.allSettled(
      pieces.map(({ offer, payload }, at) => store.store(offer, watch(payload, at % 4 === 3))),
    );
    const stored = pieces.filter((_, at) => outcomes[at]?.status === 'fulfilled');
    for (const [at, outcome] of outcomes.entries()) {
      if (outcome.status === 'rejected' && at % 4 !== 3) assert.equal(outcome.reason.code, 'QUOTA_EXCEEDED');
    }
    const sum = stored.reduce((total, { offer }) => total + offer.length, 0);
    const account = store.account(alice);
    assert.deepEqual([account?.usedBytes, account?.reservedBytes], [sum, 0]);
    assert.ok(sum <= grantBytes);

    await store.discard(stored.map(({ offer }) => ({ ...offer, due: 0 })));
    assert.equal(store.account(alice)?.freeBytes, grantBytes - sum);
    const tooMuch = pieceOf(100_000 + round, grantBytes - sum + 1);
    await assert.rejects(store.store(tooMuch.offer, streamOf(tooMuch.payload)), { code: 'QUOTA_EXCEEDED' });
    await store.emptyTrash({ dueBefore: machine.nowMs, bytesMax: 64 * MIB });
    assert.equal(store.account(alice)?.freeBytes, grantBytes);
  }
});

test('a broken piece that is stored again counts only once, in a full grant too', async () => {
  const machine = await storeMachine({ grantBytes: 100_000 });
  const { offer, payload } = pieceOf(1, 100_000);
  await machine.store.store(offer, streamOf(payload));
  const [path = ''] = machine.volume.files().filter((name) => name.includes('/pieces/'));
  machine.volume.rot(path, machine.volume.peek(path).fill(1, 5000));
  await assert.rejects(
    machine.store.read(offer).then(({ content }) => joined(content)),
    { code: 'PIECE_ROTTEN' },
  );
  assert.equal(await machine.store.store(offer, streamOf(payload)), 'stored');
  assert.deepEqual(await joined((await machine.store.read(offer)).content), payload);
  assert.equal(machine.store.account(alice)?.usedBytes, 100_000);
  await machine.store.compact();
  assert.equal(machine.volume.files().filter((name) => name.includes('/pieces/')).length, 1);
});
