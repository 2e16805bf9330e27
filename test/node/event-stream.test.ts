import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBus } from '../../bus/bus.ts';
import { createEventStream, type EventStream, type StreamEntry } from '../../node/event-stream.ts';
import { createInspector } from '../../node/inspector.ts';
import { isBitDustError } from '../../protocol/errors.ts';

function setUp(entriesKept: number) {
  const stream = createEventStream({ now: () => 0, entriesKept });
  const inspector = createInspector({ now: () => 0, nextSeq: stream.nextSeq });
  const bus = createBus((error) => assert.fail(String(error)));
  const leave = stream.attach(bus, inspector);
  const start = (count: number): void => {
    for (let index = 0; index < count; index++) bus.publish({ type: 'node.recovered' });
  };
  return { stream, start, leave };
}

async function read(stream: EventStream, after: number | undefined, count: number): Promise<StreamEntry[]> {
  const stop = new AbortController();
  const entries: StreamEntry[] = [];
  for await (const entry of stream.follow({ after, signal: stop.signal })) {
    entries.push(entry);
    if (entries.length === count) stop.abort();
  }
  return entries;
}

test('a reader who was cut off goes on after his last number', async () => {
  const { stream, start } = setUp(10);
  start(6);
  assert.deepEqual(
    (await read(stream, 4, 2)).map((entry) => entry.seq),
    [5, 6],
  );
});

test('a reader without a number gets what happens from now on', async () => {
  const { stream, start } = setUp(10);
  start(3);
  const reading = read(stream, undefined, 2);
  await Promise.resolve();
  start(2);
  assert.deepEqual(
    (await reading).map((entry) => entry.seq),
    [4, 5],
  );
});

test('a number whose followers are forgotten, or that was never given, is refused', async () => {
  const { stream, start } = setUp(4);
  start(10);
  const isGone = (error: unknown): boolean => isBitDustError(error, 'EVENTS_GONE');
  await assert.rejects(read(stream, 5, 1), isGone);
  await assert.rejects(read(stream, 11, 1), isGone);
  assert.equal((await read(stream, 6, 4)).length, 4);
});

test('a reader who is too slow is told so instead of missing entries', async () => {
  const { stream, start } = setUp(4);
  start(1);
  const entries = stream.follow({ after: 0, signal: new AbortController().signal })[Symbol.asyncIterator]();
  assert.equal((await entries.next()).value.seq, 1);
  start(5);
  await assert.rejects(entries.next(), (error) => isBitDustError(error, 'EVENTS_GONE'));
});

test('after leaving, nothing is kept', () => {
  const { stream, start, leave } = setUp(4);
  start(1);
  leave();
  start(1);
  assert.equal(stream.newest, 1);
});
