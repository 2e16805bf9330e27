import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { HttpGateway } from '../../../gateways/http/index.ts';
import { LIMITS } from '../../../protocol/limits.ts';
import { ask, openFakeGateway, TOKEN } from '../../support/fake-gateway.ts';

let gateway: HttpGateway;
let port = '';
let folder = '';

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bitdust-gateway-'));
  gateway = await openFakeGateway({ socket: join(folder, 'api.sock') });
  port = new URL(gateway.url).port;
});
after(async () => {
  await gateway.close();
  rmSync(folder, { recursive: true, force: true });
});

const codeOf = async (headers: Record<string, string>, token: string | null = TOKEN) => {
  const answer = await ask(gateway, '/api/v1/status', { headers, token });
  return [answer.status, answer.json()['code'] ?? null];
};

test('only loopback is listened on', () => {
  assert.match(gateway.url, /^http:\/\/127\.0\.0\.1:[0-9]+$/);
});

test('a request without the token, or with another, is refused with 401', async () => {
  assert.deepEqual(await codeOf({}, null), [401, 'TOKEN_WRONG']);
  assert.deepEqual(await codeOf({}, TOKEN.slice(1)), [401, 'TOKEN_WRONG']);
  assert.deepEqual(await codeOf({}, `${TOKEN}k`), [401, 'TOKEN_WRONG']);
  assert.deepEqual(await codeOf({ authorization: `Basic ${TOKEN}` }), [401, 'TOKEN_WRONG']);
  assert.deepEqual(await codeOf({}), [200, null]);
});

test('the token is asked for on every path, known or not', async () => {
  for (const path of ['/', '/health', '/metrics', '/api/openapi.json', '/api/v1/nothing', '/api/v1/events']) {
    assert.equal((await ask(gateway, path, { token: null })).status, 401, path);
  }
});

test('a name that was rebound to this machine is refused with 421, whatever the token', async () => {
  for (const host of [
    'evil.example',
    `evil.example:${port}`,
    '127.0.0.1:1',
    '127.0.0.1',
    `localhost.evil.example:${port}`,
  ]) {
    assert.deepEqual(await codeOf({ host }), [421, 'HOST_NOT_ALLOWED'], host);
  }
  for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`, `LOCALHOST:${port}`]) {
    assert.deepEqual(await codeOf({ host }), [200, null], host);
  }
});

test('a page of another origin is refused with 403, whatever the token', async () => {
  const origins = [
    'https://evil.example',
    'null',
    `https://127.0.0.1:${port}`,
    'http://127.0.0.1:1',
    `http://evil.example:${port}`,
  ];
  for (const origin of origins) assert.deepEqual(await codeOf({ origin }), [403, 'ORIGIN_NOT_ALLOWED'], origin);
  assert.deepEqual(await codeOf({ origin: gateway.url }), [200, null]);
  assert.deepEqual(await codeOf({ 'sec-fetch-site': 'cross-site' }), [403, 'ORIGIN_NOT_ALLOWED']);
  assert.deepEqual(await codeOf({ 'sec-fetch-site': 'same-site' }), [403, 'ORIGIN_NOT_ALLOWED']);
  assert.deepEqual(await codeOf({ 'sec-fetch-site': 'same-origin' }), [200, null]);
});

test('no answer allows another origin to read it', async () => {
  const answer = await ask(gateway, '/api/v1/status', { headers: { origin: gateway.url } });
  assert.equal(answer.headers['access-control-allow-origin'], undefined);
  assert.equal(answer.headers['cache-control'], 'no-store');
  assert.match(String(answer.headers['content-security-policy']), /default-src 'none'/);
  const preflight = await ask(gateway, '/api/v1/status', {
    method: 'OPTIONS',
    headers: { origin: 'https://evil.example', 'access-control-request-method': 'GET' },
    token: null,
  });
  assert.equal(preflight.status, 403);
});

test('the Unix socket is its owner’s alone and asks for the token too', async () => {
  const socket = gateway.socket ?? '';
  assert.equal(statSync(socket).mode & 0o777, 0o600);
  assert.equal((await ask(gateway, '/api/v1/status', { socket })).status, 200);
  assert.equal((await ask(gateway, '/api/v1/status', { socket, token: null })).status, 401);
  assert.equal((await ask(gateway, '/api/v1/status', { socket, headers: { host: 'evil.example' } })).status, 421);
});

test('a socket file left by a killed node is replaced, and removed at the end', async () => {
  const socket = join(folder, 'stale.sock');
  writeFileSync(socket, '');
  const second = await openFakeGateway({ socket });
  assert.equal((await ask(second, '/api/v1/status', { socket })).status, 200);
  await second.close();
  assert.throws(() => statSync(socket), { code: 'ENOENT' });
});

test('a body that is no JSON object, too large or of another type is refused by code', async () => {
  const post = async (body: string, headers: Record<string, string> = {}) => {
    const answer = await ask(gateway, '/api/v1/backups', { method: 'POST', body, headers });
    return [answer.status, answer.json()['code']];
  };
  for (const body of [
    '{',
    '[]',
    '7',
    '"x"',
    'null',
    '{"paths": 7}',
    '{"paths": ["/a"], "strange": 1}',
    '{"__proto__": {"paths": ["/a"]}}',
  ]) {
    assert.deepEqual(await post(body), [400, 'BAD_INPUT'], body);
  }
  assert.deepEqual(await post('<x/>', { 'content-type': 'text/xml' }), [400, 'BAD_INPUT']);
  const large = JSON.stringify({ paths: ['x'.repeat(LIMITS.apiBodyBytesMax.value)] });
  assert.deepEqual(await post(large), [413, 'TOO_LARGE']);
  assert.equal((await ask(gateway, '/api/v1/backups', { method: 'POST', body: '{"paths": ["/a"]}' })).status, 200);
});

test('a caller that asks without end is slowed down by 429', async () => {
  const own = await openFakeGateway({});
  let last = 0;
  for (let batch = 0; last !== 429 && batch <= LIMITS.apiRequestsPerMinuteMax.value / 500; batch++) {
    const all = await Promise.all(
      Array.from({ length: 500 }, () =>
        fetch(`${own.url}/api/v1/tasks`, { headers: { authorization: `Bearer ${TOKEN}` } }),
      ),
    );
    for (const answer of all) {
      last = Math.max(last, answer.status);
      await answer.arrayBuffer();
    }
  }
  assert.equal(last, 429);
  const refused = await ask(own, '/api/v1/tasks');
  assert.deepEqual([refused.status, refused.json()['code']], [429, 'RATE_LIMITED']);
  await own.close();
});
