import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import type { HttpGateway } from '../../../gateways/http/index.ts';
import { OPERATION_NAMES, OPERATIONS, type Operation } from '../../../node/api/index.ts';
import { BitDustError } from '../../../protocol/errors.ts';
import * as samples from '../../support/api-samples.ts';
import { ask, openFakeGateway, written } from '../../support/fake-gateway.ts';
import { fakeOperations } from '../../support/fake-operations.ts';
import { sampleInputs } from '../../support/sample-inputs.ts';

let gateway: HttpGateway;
before(async () => {
  gateway = await openFakeGateway({});
});
after(() => gateway.close());

/** The request that a client makes of an operation and an input. */
function requestOf(operation: Operation, input: Record<string, unknown>) {
  const left = { ...input };
  const path = operation.path.replaceAll(/:([a-z]+)/gi, (_all, field: string) => {
    const value = String(left[field]);
    delete left[field];
    return encodeURIComponent(value);
  });
  if (operation.method !== 'GET') return { path, method: operation.method, body: JSON.stringify(left) };
  const query = new URLSearchParams(Object.entries(left).map(([key, value]): [string, string] => [key, String(value)]));
  return { path: `${path}?${query}`, method: 'GET' };
}

test('every operation of the table is reached by its route, and answers as the API does, without an envelope', async () => {
  for (const name of OPERATION_NAMES) {
    const operation: Operation = OPERATIONS[name];
    const { path, ...options } = requestOf(operation, sampleInputs[name] as Record<string, unknown>);
    const answer = await ask(gateway, `/api/v1${path}`, options);
    assert.equal(answer.status, 200, `${name}: ${answer.text}`);
    if (operation.kind === 'one') operation.answer.parse(answer.json());
    if (operation.kind === 'lines') {
      for (const line of answer.text.trim().split('\n')) operation.answer.parse(JSON.parse(line));
    }
  }
});

test('query and path become the types of the input', async () => {
  let seen: unknown;
  const own = await openFakeGateway({
    operations: fakeOperations({
      ls: async (input) => {
        seen = input;
        return { path: null, at: null, total: 0, entries: [] };
      },
    }),
  });
  await ask(own, '/api/v1/catalogue/entries?path=%2Fhome%2Fa%20b&all=true');
  assert.deepEqual(seen, { path: '/home/a b', all: true });
  assert.equal((await ask(own, '/api/v1/catalogue/entries?all=maybe')).json()['code'], 'BAD_INPUT');
  assert.equal((await ask(own, '/api/v1/suppliers/x/replace', { method: 'POST' })).json()['code'], 'BAD_INPUT');
  assert.equal((await ask(own, '/api/v1/suppliers/300/replace', { method: 'POST' })).json()['code'], 'BAD_INPUT');
  await own.close();
});

test('a failure has the status, code, sentence and hint of the catalogue', async () => {
  const answer = await ask(gateway, '/api/v1/services/nothing/start', { method: 'POST' });
  assert.equal(answer.status, 404);
  assert.deepEqual(answer.json(), {
    code: 'SERVICE_UNKNOWN',
    message: 'There is no service of that name.',
    hint: 'bitdust services lists them.',
    details: {},
  });
  assert.deepEqual((await ask(gateway, '/api/v1/nothing')).json()['code'], 'ROUTE_NOT_FOUND');
  assert.equal((await ask(gateway, '/api/v1/status', { method: 'DELETE' })).status, 404);
});

test('a fault of the node is told as such and logged, without showing what it was', async () => {
  const own = await openFakeGateway({
    operations: fakeOperations({
      status: () => Promise.reject(new Error('secret path /home/alice/keys')),
    }),
  });
  const answer = await ask(own, '/api/v1/status');
  assert.deepEqual([answer.status, answer.json()['code']], [500, 'INTERNAL']);
  assert.doesNotMatch(answer.text, /secret/);
  assert.ok(written.some((line) => line.includes('GET /api/v1/status')));
  await own.close();
});

test('bytes that fail under way break the answer, or name the failure in a trailer when one was asked for', async () => {
  async function* half() {
    yield Buffer.from('half');
    throw new BitDustError('TOO_FEW_PIECES', undefined, { details: { blocks: [samples.block] } });
  }
  const own = await openFakeGateway({ operations: fakeOperations({ cat: async () => half() }) });
  const path = '/api/v1/catalogue/content?path=/a';
  const plain = await ask(own, path);
  assert.deepEqual([plain.status, plain.complete], [200, false]);
  const told = await ask(own, path, { headers: { te: 'trailers' } });
  assert.deepEqual([told.text, told.complete], ['half', true]);
  assert.equal(JSON.parse(told.trailers['x-bitdust-error'] ?? '{}').code, 'TOO_FEW_PIECES');
  const whole = await ask(gateway, path, { headers: { te: 'trailers' } });
  assert.deepEqual([whole.text, whole.trailers['x-bitdust-error'] ?? ''], ['hello world\n', '']);
  await own.close();
});

test('lines that fail under way end with the failure', async () => {
  async function* failing() {
    yield samples.event;
    throw new BitDustError('EVENTS_GONE');
  }
  const own = await openFakeGateway({ operations: fakeOperations({ events: async () => failing() }) });
  const lines = (await ask(own, '/api/v1/events')).text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual([lines[0], lines[1].error.code], [samples.event, 'EVENTS_GONE']);
  await own.close();
});

test('a caller that hangs up aborts what was begun for it', async () => {
  const aborted = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const own = await openFakeGateway({
    operations: fakeOperations({
      ping: (_input, { signal }) => {
        begun.resolve();
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            aborted.resolve();
            reject(new BitDustError('CANCELLED'));
          });
        });
      },
    }),
  });
  const leave = new AbortController();
  const asked = fetch(`${own.url}/api/v1/ping`, {
    method: 'POST',
    headers: { authorization: `Bearer ${'k'.repeat(43)}`, 'content-type': 'application/json' },
    body: '{"who": "bob"}',
    signal: leave.signal,
  });
  await begun.promise;
  leave.abort();
  await assert.rejects(asked);
  await aborted.promise;
  await own.close();
});

test('health tells which service is down and why', async () => {
  assert.deepEqual((await ask(gateway, '/health')).json(), { ok: true, down: [] });
  const down = [{ service: 'customer', reason: 'DISK_FULL' }];
  const own = await openFakeGateway({ down });
  const answer = await ask(own, '/health');
  assert.deepEqual([answer.status, answer.json()], [503, { ok: false, down }]);
  await own.close();
});

test('metrics are those of the node’s own registry', async () => {
  const answer = await ask(gateway, '/metrics');
  assert.equal(answer.status, 200);
  assert.match(String(answer.headers['content-type']), /text\/plain/);
});

test('no request whatever is answered with 500', async () => {
  const paths = OPERATION_NAMES.map((name) => `/api/v1${OPERATIONS[name].path}`);
  const text = fc.string({ unit: 'binary', maxLength: 12 }).map((each) => encodeURIComponent(each.toWellFormed()));
  const path = fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .tuple(fc.constantFrom(...paths), text)
        .map(([each, part]) => each.replaceAll(/:[a-z]+/gi, part || 'x')),
    },
    { weight: 1, arbitrary: fc.webPath() },
  );
  const query = fc.dictionary(
    fc.constantFrom('path', 'at', 'all', 'after', 'limit', 'lines', 'follow', 'x', '__proto__'),
    text,
  );
  const body = fc.oneof(
    fc.json(),
    fc.string(),
    fc.constant('{"paths":["/a"],"words":["a"],"who":"x","k":2,"n":1,"bytes":-1}'),
  );
  const written500 = written.length;
  await fc.assert(
    fc.asyncProperty(
      path,
      fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH'),
      query,
      body,
      async (where, method, asked, sent) => {
        const fields = { ...asked, ...('follow' in asked ? { follow: 'false' } : {}) };
        const search = Object.entries(fields)
          .map(([key, value]) => `${key}=${value}`)
          .join('&');
        const full = `${where || '/'}${where.includes('?') ? '&' : '?'}${search}`;
        const answer = await ask(gateway, full, method === 'GET' ? { method } : { method, body: sent });
        assert.ok(answer.status < 500, `${method} ${full} ${sent}: ${answer.status} ${answer.text}`);
      },
    ),
    { numRuns: 400 },
  );
  assert.equal(written.length, written500);
});
