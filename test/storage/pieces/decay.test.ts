import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PieceRef, PieceStore } from '../../../ports/pieces.ts';
import { isBitDustError } from '../../../protocol/errors.ts';
import { seededFraction } from '../../support/fraction.ts';
import {
  joined,
  pieceOf,
  type SamplePiece,
  type StoreMachine,
  storeAll,
  storeMachine,
  streamOf,
} from '../../support/piece-store.ts';

type Fraction = () => number;

const below = (fraction: Fraction, end: number) => Math.floor(fraction() * end);
const pieceFiles = (machine: StoreMachine) =>
  machine.volume.files().filter((path) => path.includes('/pieces/') || path.includes('/segments/'));

/** The ways a disk spoils files; each gives the paths it touched. */
const DECAYS: readonly ((machine: StoreMachine, fraction: Fraction) => readonly string[])[] = [
  function flippedBit(machine, fraction) {
    return spoil(machine, fraction, (bytes, at) => {
      bytes[at] = (bytes[at] ?? 0) ^ (1 << below(fraction, 8));
    });
  },
  function wrongByte(machine, fraction) {
    return spoil(machine, fraction, (bytes, at) => {
      bytes[at] = (bytes[at] ?? 0) + 1 + below(fraction, 255);
    });
  },
  function zeroedSector(machine, fraction) {
    return spoil(machine, fraction, (bytes, at) => bytes.fill(0, at - (at % 512), at - (at % 512) + 512));
  },
  function swappedFiles(machine, fraction) {
    const files = pieceFiles(machine).filter((path) => path.includes('/pieces/'));
    const [one, other] = [files[below(fraction, files.length)], files[below(fraction, files.length)]];
    if (!one || !other || one === other) return [];
    const [first, second] = [machine.volume.peek(one), machine.volume.peek(other)];
    machine.volume.rot(one, second);
    machine.volume.rot(other, first);
    return [one, other];
  },
  function shortenedFile(machine, fraction) {
    const path = pieceFiles(machine)[below(fraction, pieceFiles(machine).length)] ?? '';
    const bytes = machine.volume.peek(path);
    machine.volume.rot(path, bytes.subarray(0, below(fraction, bytes.length)));
    return [path];
  },
];

function spoil(machine: StoreMachine, fraction: Fraction, change: (bytes: Uint8Array, at: number) => void): string[] {
  const files = pieceFiles(machine);
  const path = files[below(fraction, files.length)] ?? '';
  const bytes = machine.volume.peek(path);
  const before = bytes.slice();
  change(bytes, below(fraction, bytes.length));
  machine.volume.rot(path, bytes);
  return Buffer.compare(before, bytes) === 0 ? [] : [path];
}

async function verifyAll(store: PieceStore): Promise<readonly PieceRef[]> {
  const rotten: PieceRef[] = [];
  let cursor: string | null = null;
  do {
    const step: Awaited<ReturnType<PieceStore['verifyNext']>> = await store.verifyNext({ cursor, bytes: 100_000 });
    rotten.push(...step.rotten);
    cursor = step.cursor;
  } while (cursor !== null);
  return rotten;
}

const keyOf = (ref: PieceRef) => `${ref.block}/${ref.seat}`;

/** What reading a piece comes to; wrong bytes are an error of the test. */
async function readOutcome(store: PieceStore, { offer, payload }: SamplePiece): Promise<'right' | 'rotten'> {
  try {
    assert.deepEqual(await joined((await store.read(offer)).content), payload);
    return 'right';
  } catch (cause) {
    if (isBitDustError(cause, 'PIECE_ROTTEN')) return 'rotten';
    throw cause;
  }
}

test('B1: after 100 decays never a wrong byte is served, reads and the walk find the same, and pieces heal', async () => {
  const fraction = seededFraction(11);
  const pieces = Array.from({ length: 12 }, (_, seed) => pieceOf(seed, seed % 2 ? 3000 + seed : 70_000 + seed * 5000));
  const machine = await storeMachine();
  const { store } = machine;
  await storeAll(store, pieces);
  let found = 0;
  for (let round = 0; round < 100; round += 1) {
    const touched = DECAYS[round % DECAYS.length]?.(machine, fraction) ?? [];
    const walkFirst = round % 2 === 0;
    const walked = walkFirst ? (await verifyAll(store)).map(keyOf) : [];
    const outcomes = await Promise.all(pieces.map((piece) => readOutcome(store, piece)));
    const broken = pieces.filter((_, at) => outcomes[at] === 'rotten');
    if (walkFirst) assert.deepEqual(walked.toSorted(), broken.map(({ offer }) => keyOf(offer)).toSorted());
    const ownFiles = touched.filter((path) => path.includes('/pieces/'));
    assert.ok(
      broken.length >= ownFiles.length,
      `round ${round}: ${ownFiles.length} files spoiled, ${broken.length} found`,
    );
    assert.deepEqual(
      await store.standing(broken.map(({ offer }) => offer)),
      broken.map(() => 'not'),
    );
    for (const { offer, payload } of broken) assert.equal(await store.store(offer, streamOf(payload)), 'stored');
    assert.ok((await Promise.all(pieces.map((piece) => readOutcome(store, piece)))).every((word) => word === 'right'));
    // Waits for the removal of the files that were replaced.
    await store.compact();
    found += broken.length;
  }
  assert.ok(found > 80, `${found}`);
  const account = store.account(pieces[0]?.offer.customer ?? 'bd1');
  assert.equal(
    account?.usedBytes,
    pieces.reduce((sum, { offer }) => sum + offer.length, 0),
  );
});

test('B1: every bit of a stored piece is guarded', async () => {
  const piece = pieceOf(1, 65_600);
  const machine = await storeMachine();
  await storeAll(machine.store, [piece]);
  const path = pieceFiles(machine)[0] ?? '';
  const whole = machine.volume.peek(path);
  for (let at = 0; at < whole.length; at += at < 400 ? 1 : 997) {
    const bytes = whole.slice();
    bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
    machine.volume.rot(path, bytes);
    const step = await machine.store.verifyNext({ cursor: null, bytes: 1 });
    assert.equal(step.rotten.length, 1, `byte ${at}`);
    machine.kill();
    machine.volume.rot(path, whole);
    await machine.loseIndex();
    await machine.start();
  }
});

test('B1: a sector that cannot be read is a broken piece, a disk that cannot be read is none', async () => {
  const machine = await storeMachine();
  const [one, other] = [pieceOf(1, 70_000), pieceOf(2, 70_000)];
  await storeAll(machine.store, [one, other]);
  machine.volume.plan(({ call, path }) => (call === 'read' && path.includes(one.offer.block) ? 'EIO' : undefined));
  const step = await machine.store.verifyNext({ cursor: null, bytes: 1_000_000 });
  assert.deepEqual(step.rotten.map(keyOf), [keyOf(one.offer)]);
  machine.nowMs += 60_000;
  machine.volume.plan(({ call }) => (call === 'read' ? 'EIO' : undefined));
  await assert.rejects(machine.store.verifyNext({ cursor: null, bytes: 1_000_000 }), { code: 'DISK_FAILED' });
  machine.volume.plan(undefined);
  assert.equal(await readOutcome(machine.store, other), 'right');
});
