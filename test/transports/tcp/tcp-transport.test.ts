import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isBitDustError } from '../../../protocol/errors.ts';
import { formatTcpAddress, parseTcpAddress } from '../../../transports/tcp/address.ts';
import { createTcpTransport } from '../../../transports/tcp/tcp-transport.ts';
import { transportCompliance } from '../../compliance/transport.ts';

for (const host of ['127.0.0.1', '::1']) {
  transportCompliance({
    name: `tcp ${host}`,
    make: () => ({
      here: createTcpTransport(),
      there: createTcpTransport(),
      host,
      nobody: host === '::1' ? 'tcp://[::1]:1' : 'tcp://127.0.0.1:1',
    }),
  });
}

test('addresses are read and written alike, with IPv6 in brackets', () => {
  for (const address of ['tcp://127.0.0.1:7771', 'tcp://[::1]:80', 'tcp://seed.example:65535']) {
    const parsed = parseTcpAddress(address);
    assert.ok(parsed !== undefined);
    assert.equal(formatTcpAddress(parsed), address);
  }
  assert.equal(formatTcpAddress({ host: '::ffff:10.0.0.1', port: 5 }), 'tcp://10.0.0.1:5');
  const refused = [
    'tcp://:1',
    'tcp://a:0',
    'tcp://a:65536',
    'tcp://::1:80',
    'tcp://[a]:80',
    'tcp://a b:80',
    'tcp://a/b:80',
  ];
  for (const address of refused) assert.equal(parseTcpAddress(address), undefined, address);
});

test('a host that is not ours is LISTEN_FAILED', async () => {
  const listening = createTcpTransport().listen({ host: '192.0.2.1', port: 0, onStream: () => {} });
  await assert.rejects(listening, (error) => isBitDustError(error, 'LISTEN_FAILED'));
});

test('listening at any host gives addresses that can be dialled', async () => {
  const transport = createTcpTransport();
  const listener = await transport.listen({ host: '0.0.0.0', port: 0, onStream: (stream) => stream.destroy() });
  assert.ok(listener.addresses.length > 0);
  for (const address of listener.addresses) assert.ok(transport.serves(address), address);
  await listener.close();
});
