import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isBitDustError } from '../../../protocol/errors.ts';
import { FRAME, FrameReader, type FrameType, frame } from '../../../transports/session/frames.ts';

interface Seen {
  readonly type: number;
  readonly stream: number;
  readonly payload: string;
}

/** Everything a reader makes of the bytes, data frames put together again. */
function readIn(bytes: Uint8Array, cuts: readonly number[]): readonly Seen[] {
  const seen: Seen[] = [];
  let pieces: Uint8Array[] = [];
  const reader = new FrameReader({
    frame: (type, stream, payload) => seen.push({ type, stream, payload: Buffer.from(payload).toString('hex') }),
    data: (stream, piece, last) => {
      pieces.push(Uint8Array.from(piece));
      if (!last) return;
      seen.push({ type: FRAME.data, stream, payload: Buffer.concat(pieces).toString('hex') });
      pieces = [];
    },
  });
  const places = [0, ...[...cuts].map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  for (let index = 1; index < places.length; index += 1) reader.push(bytes.subarray(places[index - 1], places[index]));
  return seen;
}

const validFrame = fc.oneof(
  fc.record({
    type: fc.constant(FRAME.packet),
    stream: fc.constant(0),
    payload: fc.uint8Array({ minLength: 1, maxLength: 300 }),
  }),
  fc.record({
    type: fc.constant(FRAME.data),
    stream: fc.integer({ min: 1, max: 99 }),
    payload: fc.uint8Array({ minLength: 1, maxLength: 300 }),
  }),
  fc.record({
    type: fc.constant(FRAME.credit),
    stream: fc.nat(99),
    payload: fc.uint8Array({ minLength: 4, maxLength: 4 }),
  }),
  fc.record({
    type: fc.constantFrom(FRAME.open, FRAME.end, FRAME.reset),
    stream: fc.integer({ min: 1, max: 99 }),
    payload: fc.constant(new Uint8Array(0)),
  }),
  fc.record({
    type: fc.constantFrom(FRAME.ping, FRAME.pong, FRAME.acknowledge),
    stream: fc.constant(0),
    payload: fc.uint8Array({ minLength: 8, maxLength: 8 }),
  }),
);

test('frames are the same however the bytes are cut', () => {
  fc.assert(
    fc.property(fc.array(validFrame, { maxLength: 12 }), fc.array(fc.nat(5_000), { maxLength: 20 }), (frames, cuts) => {
      const bytes = Buffer.concat(frames.map(({ type, stream, payload }) => frame(type, stream, payload)));
      const expected = frames.map(({ type, stream, payload }) => ({
        type,
        stream,
        payload: Buffer.from(payload).toString('hex'),
      }));
      assert.deepEqual(readIn(bytes, cuts), expected);
    }),
    { numRuns: 300 },
  );
});

test('whatever the bytes, the reader takes them or says FRAME_INVALID, and what it takes is the same again', () => {
  const mangled = fc
    .tuple(fc.array(validFrame, { maxLength: 4 }), fc.nat(400), fc.uint8Array({ maxLength: 60 }))
    .map(([frames, at, noise]) => {
      const bytes = Buffer.concat(frames.map(({ type, stream, payload }) => frame(type, stream, payload)));
      const place = bytes.length === 0 ? 0 : at % bytes.length;
      return Buffer.concat([bytes.subarray(0, place), noise, bytes.subarray(place + noise.length)]);
    });
  fc.assert(
    fc.property(fc.oneof(mangled, fc.uint8Array({ maxLength: 600 })), (bytes) => {
      let seen: readonly Seen[];
      try {
        seen = readIn(bytes, []);
      } catch (error) {
        assert.ok(isBitDustError(error, 'FRAME_INVALID'));
        return;
      }
      const again = Buffer.concat(
        seen.map(({ type, stream, payload }) => frame(type as FrameType, stream, Buffer.from(payload, 'hex'))),
      );
      assert.deepEqual(Buffer.from(bytes).subarray(0, again.length), again);
    }),
    { numRuns: 3_000 },
  );
});

test('a head that breaks a rule is refused before a byte of its payload', () => {
  const heads = [
    [0, 0, 0, 1, 0, 0, 0, 0],
    [13, 0, 0, 1, 0, 0, 0, 0],
    [FRAME.packet, 0, 0, 0, 0, 0, 0, 0],
    [FRAME.packet, 1, 0, 1, 0, 0, 0, 0],
    [FRAME.packet, 0, 0, 1, 0, 0, 0, 1],
    [FRAME.data, 0, 0, 1, 0, 0, 0, 0],
    [FRAME.data, 0, 0, 1, 128, 0, 0, 1],
    [FRAME.open, 0, 0, 1, 0, 0, 0, 1],
    [FRAME.open, 0, 0, 0, 0, 0, 0, 0],
    [FRAME.credit, 0, 0, 3, 0, 0, 0, 1],
    [FRAME.ping, 0, 0, 9, 0, 0, 0, 0],
    [FRAME.close, 0, 1, 1, 0, 0, 0, 0],
  ];
  for (const head of heads) {
    assert.throws(
      () => readIn(Uint8Array.from(head), []),
      (error) => isBitDustError(error, 'FRAME_INVALID'),
      head.join(' '),
    );
  }
});
