import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { hash } from '../../protocol/blake3.ts';
import {
  type FooterRow,
  findFooter,
  footerRoom,
  placeFooter,
  readFooter,
  sealFooter,
  TRAILER_BYTES,
} from '../../protocol/block-footer.ts';
import {
  type BlockRecord,
  batchPath,
  batchRoot,
  blockIdOf,
  decodeBlockRecord,
  encodeBlockRecord,
  rootOfPiece,
  verifyInBatch,
} from '../../protocol/block-record.ts';
import { encode } from '../../protocol/cbor.ts';
import { openChunk, packChunk, sealChunk, sealChunkAgain } from '../../protocol/chunk.ts';
import { LIMITS } from '../../protocol/limits.ts';

const MIB = 2 ** 20;

function record(seed = 0): BlockRecord {
  const roots = Uint8Array.from({ length: 8 * 32 }, (_, index) => (index * 7 + seed) & 0xff);
  return { k: 4, n: 8, size: 8 * MIB, seats: Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 9), roots };
}

describe('the block record', () => {
  it('comes back as it was, and has its golden id', () => {
    assert.deepEqual(decodeBlockRecord(encodeBlockRecord(record())), record());
    assert.equal(blockIdOf(record()), 'd440fba8ae5218f3f7c878be2ac20bf1488a93d9662215da73f83493774a3fa4');
    assert.deepEqual(rootOfPiece(record(), 2), record().roots.subarray(64, 96));
  });

  it('keeps its id when a piece moves to another seat', () => {
    const moved = { ...record(), seats: Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7) };
    assert.equal(blockIdOf(moved), blockIdOf(record()));
    assert.notEqual(blockIdOf({ ...record(), k: 3 }), blockIdOf(record()));
  });

  it('is refused when its fields contradict each other', () => {
    const wrong: readonly Partial<BlockRecord>[] = [
      { k: 9 },
      { k: 0 },
      { n: 65 },
      { size: 3 * MIB },
      { seats: Uint8Array.of(0, 1, 2, 3, 4, 5, 6) },
      { seats: Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 6) },
      { roots: new Uint8Array(7 * 32) },
    ];
    for (const change of wrong) {
      const { k, n, size, seats, roots } = { ...record(), ...change };
      const bytes = encode({ k, n, size, seats, roots });
      assert.throws(
        () => decodeBlockRecord(bytes),
        /ENCODING_INVALID|contradicts|not/,
        JSON.stringify(Object.keys(change)),
      );
    }
  });

  it('is shown out of a batch by its path, and by no other', () => {
    const records = Array.from({ length: 11 }, (_, index) => encodeBlockRecord(record(index)));
    const root = batchRoot(records);
    for (const [index, bytes] of records.entries()) {
      const path = batchPath(records, index);
      assert.ok(verifyInBatch({ root, count: 11, index, record: bytes, path }));
      assert.equal(verifyInBatch({ root, count: 11, index: (index + 1) % 11, record: bytes, path }), false);
      assert.equal(verifyInBatch({ root, count: 12, index, record: bytes, path }), false);
    }
    assert.throws(() => batchRoot(Array.from({ length: 65 }, () => records[0]!)), RangeError);
  });
});

describe('the footer of a block', () => {
  const secret = new Uint8Array(32).fill(3);
  const secretOf = (epoch: number) => (epoch === 2 ? secret : undefined);
  const rows: readonly FooterRow[] = [
    {
      kind: 'data',
      chunk: hash(Uint8Array.of(1)),
      offset: 0,
      length: 1000,
      codec: 'none',
      key: new Uint8Array(32).fill(1),
    },
    {
      kind: 'tree',
      chunk: hash(Uint8Array.of(2)),
      offset: 1000,
      length: 17,
      codec: 'zstd',
      key: new Uint8Array(32).fill(2),
    },
    {
      kind: 'index',
      chunk: hash(Uint8Array.of(3)),
      offset: 1017,
      length: 50,
      codec: 'zstd',
      key: new Uint8Array(32).fill(4),
    },
  ];

  function block(): Uint8Array {
    const bytes = new Uint8Array(64 * 1024);
    placeFooter(bytes, sealFooter({ rows, epoch: 2, secret, salt: new Uint8Array(16).fill(5) }));
    return bytes;
  }

  it('is read again from the end of the block', () => {
    assert.deepEqual(readFooter(block(), secretOf), rows);
  });

  it('takes whole steps of 4 KiB with its trailer', () => {
    for (const chunks of [0, 3, 50, 5000]) {
      const many = Array.from({ length: chunks }, () => rows[0]!);
      const sealed = sealFooter({ rows: many, epoch: 2, secret, salt: new Uint8Array(16) });
      assert.equal(sealed.length + TRAILER_BYTES, footerRoom(chunks));
      assert.equal(footerRoom(chunks) % 4096, 0);
    }
  });

  it('hides everything but its length', () => {
    const sealed = Buffer.from(findFooter(block()));
    assert.equal(sealed.indexOf(rows[0]!.chunk), -1);
    assert.equal(sealed.indexOf(rows[0]!.key), -1);
  });

  it('is unreadable when changed, cut, of an unknown epoch or not there', () => {
    const changed = block();
    changed[changed.length - 2000]! ^= 1;
    const trailer = block();
    trailer[trailer.length - 40]! ^= 1;
    const length = block();
    length[length.length - 32]! = 0xff;
    for (const bytes of [changed, trailer, length, new Uint8Array(64 * 1024), new Uint8Array(5)]) {
      assert.throws(() => readFooter(bytes, secretOf), { code: 'FOOTER_UNREADABLE' });
    }
    assert.throws(() => readFooter(block(), () => undefined), { code: 'FOOTER_UNREADABLE' });
    assert.throws(() => readFooter(block(), () => new Uint8Array(32)), { code: 'FOOTER_UNREADABLE' });
  });
});

describe('a chunk', () => {
  const chunk = hash(new TextEncoder().encode('id'));
  const random = (length: number) => new Uint8Array(randomBytes(length));
  const text = new TextEncoder().encode('All of it twice over. '.repeat(9000));

  function stored(plaintext: Uint8Array) {
    const { codec, bytes } = packChunk(plaintext);
    const ciphertext = new Uint8Array(bytes.length + 16);
    const seal = sealChunk({ chunk, packed: bytes, random, target: ciphertext });
    return { chunk, ciphertext, codec, seal };
  }

  it('comes back, compressed only where it helps', () => {
    const noise = random(200_000);
    assert.deepEqual(openChunk(stored(text)), text);
    assert.deepEqual(openChunk(stored(noise)), noise);
    assert.deepEqual(openChunk(stored(new Uint8Array(0))), new Uint8Array(0));
    assert.equal(packChunk(text).codec, 'zstd');
    assert.equal(packChunk(noise).codec, 'none');
    assert.equal(packChunk(text.subarray(0, 255)).codec, 'none');
  });

  it('has another key and other bytes each time', () => {
    const [first, second] = [stored(text), stored(text)];
    assert.notDeepEqual(first.seal.key, second.seal.key);
    assert.notDeepEqual(first.ciphertext, second.ciphertext);
  });

  it('is made again byte for byte from key and text, and not from another text', () => {
    const noise = random(100_000);
    const first = stored(noise);
    const target = new Uint8Array(first.ciphertext.length);
    assert.equal(sealChunkAgain({ chunk, packed: noise, seal: first.seal, target }), true);
    assert.deepEqual(target, first.ciphertext);
    const other = noise.with(5, noise[5]! ^ 1);
    assert.equal(sealChunkAgain({ chunk, packed: other, seal: first.seal, target }), false);
    assert.deepEqual(target, new Uint8Array(target.length));
  });

  it('does not open when a bit, the key, the id or the codec differ', () => {
    const good = stored(text);
    const flip = (bytes: Uint8Array, at: number) => bytes.with(at, bytes[at]! ^ 1);
    const broken = [
      { ...good, ciphertext: flip(good.ciphertext, 9) },
      { ...good, ciphertext: good.ciphertext.subarray(1) },
      { ...good, ciphertext: new Uint8Array(3) },
      { ...good, seal: { ...good.seal, key: flip(good.seal.key, 0) } },
      { ...good, seal: { ...good.seal, hash: flip(good.seal.hash, 0) } },
      { ...good, chunk: flip(good.chunk, 0) },
    ];
    for (const options of broken) assert.throws(() => openChunk(options), { code: 'CHUNK_ROTTEN' });
    const noise = stored(random(1000));
    assert.throws(() => openChunk({ ...noise, codec: 'zstd' }), { code: 'CHUNK_ROTTEN' });
  });

  it('checks the hash of the ciphertext before it opens', () => {
    const good = stored(text);
    const other = stored(random(500));
    assert.throws(() => openChunk({ ...good, seal: { ...good.seal, hash: other.seal.hash } }), {
      code: 'CHUNK_ROTTEN',
    });
  });

  it('never unpacks to more than a chunk', () => {
    const bomb = packChunk(new Uint8Array(LIMITS.chunkBytesMax.value + 1)).bytes;
    const ciphertext = new Uint8Array(bomb.length + 16);
    const seal = sealChunk({ chunk, packed: bomb, random, target: ciphertext });
    assert.throws(() => openChunk({ chunk, ciphertext, codec: 'zstd', seal }), { code: 'CHUNK_ROTTEN' });
  });
});
