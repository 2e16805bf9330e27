import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode, encode } from '../../protocol/cbor.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { unframeItems } from '../../protocol/framed.ts';
import { toHex } from '../../protocol/hash.ts';
import { isKeyFileLocked } from '../../protocol/key-file.ts';
import { parseStatement } from '../../protocol/statement.ts';
import { AREAS } from '../support/vectors/areas.ts';
import { readVectors } from '../support/vectors/vector-file.ts';

const SEED = Number(process.env['FUZZ_SEED'] ?? 20260101);
const SCALE = Number(process.env['FUZZ_SCALE'] ?? 1);
const STALL_MS = 50;
/** A pause of the machine is no stall of the decoder: a slow input must be slow three times. */
const TRIES = 3;

/** A small generator with a seed, so that a failure can be run again. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

type Draw = ReturnType<typeof randomFrom>;

const HEADS = [
  0x00, 0x18, 0x1b, 0x3b, 0x40, 0x58, 0x5a, 0x60, 0x7a, 0x80, 0x9a, 0x9f, 0xa0, 0xbb, 0xbf, 0xc0, 0xf6, 0xf7, 0xfb,
  0xff,
];

function mutate(seedBytes: Uint8Array, draw: Draw): Uint8Array {
  const bytes = [...seedBytes];
  const at = draw(bytes.length + 1);
  const kind = draw(6);
  if (kind === 0 && at < bytes.length) bytes[at] = bytes[at]! ^ (1 << draw(8));
  else if (kind === 1) bytes.length = at;
  else if (kind === 2) bytes.splice(at, 0, HEADS[draw(HEADS.length)]!);
  else if (kind === 3) bytes.splice(at, 1 + draw(8));
  else if (kind === 4 && at < bytes.length) bytes[at] = HEADS[draw(HEADS.length)]!;
  else bytes.splice(at, 0, ...bytes.slice(0, draw(64)));
  return Uint8Array.from(bytes);
}

function noise(draw: Draw): Uint8Array {
  return Uint8Array.from({ length: draw(96) }, () => (draw(3) === 0 ? HEADS[draw(HEADS.length)]! : draw(256)));
}

interface Target {
  readonly name: string;
  readonly runs: number;
  readonly seeds: readonly Uint8Array[];
  read(bytes: Uint8Array): Uint8Array;
}

function runOnce(target: Target, input: Uint8Array): void {
  try {
    const again = target.read(input);
    assert.ok(
      Buffer.compare(again, input) === 0,
      `${target.name} accepted ${toHex(input)} and encodes ${toHex(again)}`,
    );
  } catch (error) {
    if (!(error instanceof BitDustError))
      throw new Error(`${target.name} crashed on ${toHex(input)}`, { cause: error });
  }
}

function isSlow(target: Target, input: Uint8Array): boolean {
  for (let round = 0; round < TRIES; round += 1) {
    const started = performance.now();
    runOnce(target, input);
    if (performance.now() - started < STALL_MS) return false;
  }
  return true;
}

function fuzz(target: Target): void {
  const draw = randomFrom(SEED);
  for (let run = 0; run < target.runs * SCALE; run += 1) {
    const seed = target.seeds[draw(target.seeds.length)]!;
    let input = draw(8) === 0 ? noise(draw) : mutate(seed, draw);
    if (draw(3) === 0) input = mutate(input, draw);
    const started = performance.now();
    runOnce(target, input);
    if (performance.now() - started < STALL_MS) continue;
    assert.ok(!isSlow(target, input), `${target.name} stalls on ${toHex(input)} (seed ${SEED})`);
  }
}

const RUNS: Readonly<Record<string, number>> = { cbor: 40_000, packet: 30_000, 'identity-file': 3000, 'key-file': 0 };

function same(read: (bytes: Uint8Array) => unknown): (bytes: Uint8Array) => Uint8Array {
  return (bytes) => {
    read(bytes);
    return bytes;
  };
}

/** Formats that ignore unknown keys: what they accept is still the one encoding of its value. */
const IGNORES_KEYS: ReadonlySet<string> = new Set(['packet', 'root-head', 'list-head', 'presence']);

function withKeysIgnored(read: (bytes: Uint8Array) => unknown): (bytes: Uint8Array) => Uint8Array {
  return (bytes) => {
    read(bytes);
    return encode(decode(bytes, { bytesMax: 65_536 }));
  };
}

const seedsOf = (area: string) =>
  readVectors(area)
    .map(({ bytes }) => bytes)
    .filter(({ length }) => length < 16_384);

const targets: readonly Target[] = [
  ...Object.entries(AREAS).map(([name, { read }]) => ({
    name,
    read: IGNORES_KEYS.has(name) ? withKeysIgnored(read) : read,
    runs: RUNS[name] ?? 2000,
    seeds: seedsOf(name),
  })),
  { name: 'key-file head', read: same(isKeyFileLocked), runs: 3000, seeds: seedsOf('key-file') },
  { name: 'statement form', read: (bytes) => parseStatement(bytes).bytes, runs: 4000, seeds: seedsOf('statement') },
  { name: 'framed items', read: same((bytes) => unframeItems(bytes, 64)), runs: 3000, seeds: [new Uint8Array(12)] },
];

for (const target of targets) {
  if (target.runs === 0) continue;
  test(`${target.name}: no input crashes or stalls it, and what is accepted encodes to the same bytes`, () =>
    fuzz(target));
}
