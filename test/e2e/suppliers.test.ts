import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { DeviceId } from '../../protocol/ids.ts';
import {
  backUp,
  errorLines,
  openSmallNetwork,
  restoresWhole,
  type SmallNetwork,
  until,
  untilSafe,
  writeSource,
} from '../support/small-network.ts';

let small: SmallNetwork;
let source: string;
before(async () => {
  small = await openSmallNetwork({ suppliers: 5 });
  source = join(small.network.folder, 'source');
  await writeSource(source, { files: 3, bytes: 700_000 });
  await backUp(small.client, source);
});
after(() => small.close());

const seats = async () => (await small.client.call('suppliers.list', {})).suppliers;

/** The one supplier that has no seat. */
async function spare(): Promise<DeviceId> {
  const hired = (await seats()).map(({ device }) => device);
  const free = small.suppliers.map(({ status }) => status.device).filter((device) => !hired.includes(device));
  assert.equal(free.length, 1);
  return free[0]!;
}

test('a replaced supplier has no seat any more, the new one gets every piece, and the files come back', async () => {
  const next = await spare();
  const old = (await seats())[0]!.device;
  const change = await small.client.call('suppliers.replace', { seat: 0 });
  assert.deepEqual([change.from, change.to, change.state], [old, next, 'rebuilding']);
  await until('the new supplier has every piece', async () => {
    const row = (await seats())[0]!;
    return row.device === next && row.pieces.wanted > 0 && row.pieces.held === row.pieces.wanted;
  });
  assert.ok((await seats()).every(({ device }) => device !== old));
  await untilSafe(small.client);
  await restoresWhole(small.client, source, join(small.network.folder, 'after-replace'));
});

test('a switched supplier is the device that was named, and the files come back', async () => {
  const next = await spare();
  const change = await small.client.call('suppliers.switch', { seat: 1, device: next });
  assert.equal(change.to, next);
  await until('the named supplier has every piece', async () => {
    const row = (await seats())[1]!;
    return row.device === next && row.pieces.wanted > 0 && row.pieces.held === row.pieces.wanted;
  });
  await untilSafe(small.client);
  await restoresWhole(small.client, source, join(small.network.folder, 'after-switch'));
});

test('neither a hired device, nor the node itself, nor a seat that is not there can be switched', async () => {
  const hired = (await seats())[2]!.device!;
  const { device } = small.customer.status;
  await assert.rejects(small.client.call('suppliers.switch', { seat: 1, device: hired }), {
    code: 'SUPPLIER_ALREADY_HIRED',
  });
  await assert.rejects(small.client.call('suppliers.switch', { seat: 1, device }), { code: 'SUPPLIER_REFUSED' });
  await assert.rejects(small.client.call('suppliers.replace', { seat: 9 }), { code: 'SEAT_NOT_FOUND' });
});

test('with one supplier away files come back and new ones are stored; when he returns all is safe', async () => {
  const { device } = (await seats())[3]!;
  const lost = small.suppliers.find(({ status }) => status.device === device)!;
  const free = await spare();
  // the spare one goes first, so that nobody can take the seat
  await small.suppliers.find(({ status }) => status.device === free)!.program.stop();
  await lost.program.stop();
  await until('he is seen to be away', async () => (await seats())[3]!.state !== 'connected');
  await restoresWhole(small.client, source, join(small.network.folder, 'one-away'));
  await writeSource(join(source, 'later'), { files: 1, bytes: 300_000 });
  const stored = await backUp(small.client, source, 'stored');
  assert.equal(stored.files.new, 3);
  await small.network.start(lost);
  await until('all four are connected', async () => (await small.client.call('status', {})).suppliers.connected === 4);
  await untilSafe(small.client);
});

test('no node wrote an error into its log', () => {
  assert.deepEqual(errorLines(small.network), []);
});
