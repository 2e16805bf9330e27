import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { HttpGateway } from '../../../gateways/http/index.ts';
import { TOKEN_PROTOCOL } from '../../../gateways/http/security.ts';
import { BitDustError } from '../../../protocol/errors.ts';
import * as samples from '../../support/api-samples.ts';
import { openFakeGateway, TOKEN } from '../../support/fake-gateway.ts';
import { fakeOperations } from '../../support/fake-operations.ts';

const asked: Record<string, unknown>[] = [];
const left = Promise.withResolvers<void>();
let gateway: HttpGateway;

async function* following<T>(first: T, signal: AbortSignal, onLeave?: () => void): AsyncIterable<T> {
  yield first;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  onLeave?.();
}

before(async () => {
  gateway = await openFakeGateway({
    operations: fakeOperations({
      events: async (input, { signal }) => {
        asked.push({ events: input });
        if (input.after === 999) throw new BitDustError('EVENTS_GONE');
        return following(samples.event, signal, left.resolve);
      },
      automats: {
        watch: async (input, { signal }) => {
          asked.push({ transitions: input });
          return following(samples.transition, signal);
        },
      },
    }),
  });
});
after(() => gateway.close());

interface Opened {
  readonly socket: WebSocket;
  readonly messages: Record<string, unknown>[];
  readonly closed: Promise<CloseEvent>;
}

function open(query: string, protocols: readonly string[], headers: Record<string, string> = {}): Opened {
  const url = `${gateway.url.replace('http', 'ws')}/api/v1/events${query}`;
  const options = { protocols: [...protocols], headers } as unknown as string[];
  const socket = new WebSocket(url, options);
  const messages: Record<string, unknown>[] = [];
  socket.addEventListener('message', ({ data }) => messages.push(JSON.parse(String(data))));
  const closed = new Promise<CloseEvent>((resolve) => socket.addEventListener('close', resolve));
  return { socket, messages, closed };
}

const signedIn = ['bitdust', TOKEN_PROTOCOL + TOKEN];

async function until(condition: () => boolean, { socket }: Opened): Promise<void> {
  while (!condition()) await new Promise((resolve) => socket.addEventListener('message', resolve, { once: true }));
}

test('facts and transitions come over one socket, by filter and from a number on; leaving ends both', async () => {
  const opened = open('?facts=supplier.*&transitions=supplier-finder*&after=5', signedIn);
  await until(() => opened.messages.length === 2, opened);
  assert.deepEqual(
    opened.messages.toSorted((a, b) => (String(a['kind']) < String(b['kind']) ? -1 : 1)),
    [
      { kind: 'fact', fact: samples.event },
      { kind: 'transition', transition: samples.transition },
    ],
  );
  assert.deepEqual(asked, [
    { events: { pattern: 'supplier.*', follow: true, after: 5 } },
    { transitions: { pattern: 'supplier-finder*', after: 5 } },
  ]);
  assert.equal(opened.socket.protocol, 'bitdust');
  opened.socket.close();
  await left.promise;
});

test('a number that is no longer kept is told before the socket closes', async () => {
  const opened = open('?after=999', signedIn);
  const { code, reason } = await opened.closed;
  assert.deepEqual([code, reason], [1008, 'EVENTS_GONE']);
  assert.equal((opened.messages[0]?.['error'] as { code: string }).code, 'EVENTS_GONE');
});

test('filters that are not valid are refused', async () => {
  assert.equal((await open('?after=-1', signedIn).closed).reason, 'BAD_INPUT');
});

test('no socket opens without the token, with a wrong one, or for a page of another origin', async () => {
  for (const protocols of [['bitdust'], ['bitdust', `${TOKEN_PROTOCOL}wrong`]]) {
    const { closed, messages } = open('', protocols);
    assert.equal((await closed).code, 1006);
    assert.deepEqual(messages, []);
  }
  const foreign = open('', signedIn, { origin: 'https://evil.example' });
  assert.equal((await foreign.closed).code, 1006);
});
