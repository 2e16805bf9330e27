import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PieceRef, PieceStore } from '../../../ports/pieces.ts';
import type { DiskFault } from '../../../storage/disk/faults.ts';
import { CRASH_POINTS } from '../../../storage/pieces/crash-points.ts';
import { seededFraction } from '../../support/fraction.ts';
import {
  alice,
  joined,
  MIB,
  pieceOf,
  type SamplePiece,
  type StoreMachine,
  storeMachine,
  streamOf,
} from '../../support/piece-store.ts';

const PIECES = 18;

/** What was acknowledged before the end: the last word on each piece. */
type Promised = Map<SamplePiece, 'live' | 'trash' | 'gone' | 'unsure'>;

/** Uploads in two waves, discards and erasures among them; ends when everything was acknowledged or refused. */
async function work(
  store: PieceStore,
  pieces: readonly SamplePiece[],
  promised: Promised,
  nowMs: number,
): Promise<void> {
  const upload = async (piece: SamplePiece) => {
    await store.store(piece.offer, streamOf(piece.payload, 40_000)).then(
      () => promised.set(piece, 'live'),
      () => undefined,
    );
  };
  const mark = (these: readonly SamplePiece[], word: 'trash' | 'gone') => {
    for (const piece of these) promised.set(piece, word);
  };
  const half = pieces.length >> 1;
  await Promise.all(pieces.slice(0, half).map(upload));
  const isLive = (piece: SamplePiece) => promised.get(piece) === 'live';
  const leaving = pieces.slice(0, half).filter((piece, at) => at % 3 !== 0 && isLive(piece));
  for (const piece of leaving) promised.set(piece, 'unsure');
  const removal = store
    .discard(leaving.map(({ offer }) => ({ ...offer, due: nowMs })))
    .then(() => mark(leaving, 'trash'));
  await Promise.allSettled([removal, ...pieces.slice(half).map(upload)]);
  const erased = leaving.filter((piece) => promised.get(piece) === 'trash');
  for (const piece of erased) promised.set(piece, 'unsure');
  await store
    .emptyTrash({ dueBefore: nowMs, bytesMax: 64 * MIB })
    .then(() => mark(erased, 'gone'))
    .catch(() => undefined);
  await store.compact().catch(() => undefined);
}

/** Nothing acknowledged is lost, nothing that is held is broken, and the account is the sum of the rows. */
async function checkStore(store: PieceStore, pieces: readonly SamplePiece[], promised: Promised): Promise<void> {
  for (const piece of pieces) {
    const { offer, payload } = piece;
    const row = await store.row(offer);
    const word = promised.get(piece);
    if (word === 'live') assert.deepEqual([row?.rotten, row?.trash], [false, null], `lost: ${offer.length} bytes`);
    if (word === 'trash') assert.notEqual(row?.trash ?? null, null);
    if (word === 'gone') assert.equal(row, undefined);
    if (row && !row.trash && !row.rotten) assert.deepEqual(await joined((await store.read(offer)).content), payload);
  }
  const sums = { pieces: 0, usedBytes: 0, trashBytes: 0 };
  for await (const row of store.each(alice)) {
    if (row.trash) sums.trashBytes += row.length;
    else sums.usedBytes += row.length;
    if (!row.trash) sums.pieces += 1;
  }
  const account = store.account(alice);
  assert.deepEqual({ pieces: account?.pieces, usedBytes: account?.usedBytes, trashBytes: account?.trashBytes }, sums);
  assert.equal(account?.reservedBytes, 0);
  assert.deepEqual((await verifyAll(store)).rotten, []);
}

async function verifyAll(store: PieceStore): Promise<{ rotten: PieceRef[]; checked: number }> {
  const found = { rotten: [] as PieceRef[], checked: 0 };
  let cursor: string | null = null;
  do {
    const step: Awaited<ReturnType<PieceStore['verifyNext']>> = await store.verifyNext({ cursor, bytes: 300_000 });
    found.rotten.push(...step.rotten);
    found.checked += step.checked;
    cursor = step.cursor;
  } while (cursor !== null);
  return found;
}

function samples(seed: number, count: number): readonly SamplePiece[] {
  const fraction = seededFraction(seed);
  return Array.from({ length: count }, (_, at) =>
    pieceOf(at, Math.floor(fraction() < 0.5 ? 1 + fraction() * 60_000 : 65_536 + fraction() * 60_000)),
  );
}

/** Cuts the power at the n-th call of disk or database from now. */
function cutAt(machine: StoreMachine, calls: number): void {
  let left = calls;
  const count = (): boolean => {
    left -= 1;
    if (left === 0) machine.powerCut();
    return left <= 0;
  };
  machine.volume.plan(() => (count() ? 'EIO' : undefined));
  machine.stores.plan(() => (count() ? 'failed' : undefined));
}

function noFaults(machine: StoreMachine): void {
  machine.volume.plan(undefined);
  machine.stores.plan(undefined);
  machine.crashPoint = () => {};
}

/** File and database calls of the whole work, to choose moments from. */
async function callsOfWork(): Promise<number> {
  const machine = await storeMachine({ seed: 1 });
  const before = machine.volume.operations + machine.stores.calls;
  await work(machine.store, samples(1, PIECES), new Map(), machine.nowMs);
  return machine.volume.operations + machine.stores.calls - before;
}

test('D4: after each of 50 power cuts everything acknowledged is there, whole, and counted', async () => {
  const calls = await callsOfWork();
  for (let cut = 0; cut < 50; cut += 1) {
    const machine = await storeMachine({ seed: cut });
    const pieces = samples(cut, PIECES);
    const promised: Promised = new Map();
    cutAt(machine, 1 + Math.floor((calls * (cut + 0.5)) / 50));
    await work(machine.store, pieces, promised, machine.nowMs);
    noFaults(machine);
    machine.powerCut();
    await checkStore(await machine.start(), pieces, promised);
  }
});

for (const point of CRASH_POINTS.filter((name) => !name.startsWith('compact'))) {
  test(`D4: a power cut at ${point} loses nothing that was acknowledged`, async () => {
    for (let seed = 0; seed < 6; seed += 1) {
      const machine = await storeMachine({ seed });
      const pieces = samples(seed + 100, PIECES);
      const promised: Promised = new Map();
      let times = 0;
      machine.crashPoint = (name) => {
        if (name !== point) return;
        times += 1;
        if (times === 1 + (seed % 2)) machine.powerCut();
      };
      await work(machine.store, pieces, promised, machine.nowMs);
      assert.ok(times > 0, `${point} was not reached`);
      noFaults(machine);
      machine.powerCut();
      await checkStore(await machine.start(), pieces, promised);
    }
  });
}

/** A closed segment of which two thirds are dead. */
async function halfDead(seed: number): Promise<{ machine: StoreMachine; pieces: SamplePiece[]; promised: Promised }> {
  const machine = await storeMachine({ seed });
  const pieces = Array.from({ length: 12 }, (_, at) => pieceOf(at, 2000));
  for (const { offer, payload } of pieces) await machine.store.store(offer, streamOf(payload));
  machine.kill();
  const store = await machine.start();
  const dead = pieces.slice(0, 8);
  await store.discard(dead.map(({ offer }) => ({ ...offer, due: 0 })));
  await store.emptyTrash({ dueBefore: machine.nowMs, bytesMax: MIB });
  const promised: Promised = new Map(pieces.map((piece, at) => [piece, at < 8 ? 'gone' : 'live']));
  return { machine, pieces, promised };
}

test('D4: a power cut at any call of a compaction loses nothing and brings nothing back', async () => {
  const reached = new Set<string>();
  for (let cut = 1; ; cut += 1) {
    const { machine, pieces, promised } = await halfDead(cut);
    machine.crashPoint = (name) => {
      reached.add(name);
    };
    cutAt(machine, cut);
    const freed = await machine.store.compact().catch(() => undefined);
    noFaults(machine);
    machine.powerCut();
    const store = await machine.start();
    await checkStore(store, pieces, promised);
    if (freed !== undefined) break;
    await store.compact();
    await checkStore(store, pieces, promised);
  }
  assert.deepEqual([...reached].toSorted(), ['compact.copied', 'compact.indexed', 'erase.removed']);
});

test('D4: a kill leaves nothing to repair, and what was on its way is removed', async () => {
  const machine = await storeMachine();
  const pieces = samples(5, 12);
  const promised: Promised = new Map();
  let groups = 0;
  machine.crashPoint = (name) => {
    if (name === 'piece.synced' && (groups += 1) === 1) machine.kill();
  };
  await work(machine.store, pieces, promised, machine.nowMs);
  noFaults(machine);
  const store = await machine.start();
  await checkStore(store, pieces, promised);
  assert.equal(
    machine.volume.files().some((path) => path.includes('/incoming/')),
    false,
  );
});

test('D4: a piece that got its name but no row is adopted when its order stands, else it is trash', async () => {
  for (const stands of [true, false]) {
    const machine = await storeMachine();
    const [large, small] = [pieceOf(1, 100_000), pieceOf(2, 1000)];
    machine.crashPoint = (name) => {
      if (name === 'piece.named') machine.kill();
    };
    for (const { offer, payload } of [large, small]) {
      await assert.rejects(machine.store.store(offer, streamOf(payload)));
      noFaults(machine);
      machine.orderStands = async () => stands;
      await machine.start();
      machine.crashPoint = (name) => {
        if (name === 'piece.named') machine.kill();
      };
    }
    noFaults(machine);
    assert.deepEqual(
      await machine.store.standing([large.offer, small.offer]),
      stands ? ['have', 'have'] : ['not', 'not'],
    );
    const account = machine.store.account(alice);
    assert.deepEqual([account?.usedBytes, account?.trashBytes], stands ? [101_000, 0] : [0, 101_000]);
  }
});

const FAULTS: readonly DiskFault[] = ['EIO', 'ENOSPC', 'short-write'];

test('D3: when the i-th call fails nothing false is acknowledged, and the store goes on and verifies', async () => {
  const calls = await callsOfWork();
  for (let round = 0; round < 60; round += 1) {
    const machine = await storeMachine({ seed: round });
    const pieces = samples(1, PIECES);
    const promised: Promised = new Map();
    let left = 1 + Math.floor((calls * ((round * 37) % 60)) / 60);
    const isNow = () => (left -= 1) === 0;
    const fault = FAULTS[round % FAULTS.length];
    machine.volume.plan(() => (isNow() ? fault : undefined));
    machine.stores.plan(() => (isNow() ? (['failed', 'full', 'unsure'] as const)[round % 3] : undefined));
    await work(machine.store, pieces, promised, machine.nowMs);
    noFaults(machine);
    await machine.store.probe();
    await checkStore(machine.store, pieces, promised);
    for (const { offer, payload } of pieces) await machine.store.store(offer, streamOf(payload));
    for (const piece of pieces) promised.set(piece, 'live');
    machine.powerCut();
    await checkStore(await machine.start(), pieces, promised);
  }
});

test('D3: a failing sync of file, folder or index refuses the piece', async () => {
  for (const call of ['sync', 'syncFolder', 'rename', 'write', 'open'] as const) {
    for (const length of [1000, 100_000]) {
      if (length === 1000 && call === 'rename') continue;
      const machine = await storeMachine();
      const { offer, payload } = pieceOf(1, length);
      machine.volume.plan((operation) => (operation.call === call ? 'EIO' : undefined));
      await assert.rejects(machine.store.store(offer, streamOf(payload)), { code: 'DISK_FAILED' }, `${call} ${length}`);
      noFaults(machine);
      assert.deepEqual(await machine.store.standing([offer]), ['not']);
      assert.equal(machine.store.account(alice)?.freeBytes, 256 * MIB);
      assert.equal(await machine.store.store(offer, streamOf(payload)), 'stored');
      machine.powerCut();
      assert.deepEqual(await (await machine.start()).standing([offer]), ['have']);
    }
  }
});
