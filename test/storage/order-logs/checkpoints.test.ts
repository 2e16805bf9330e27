import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blockIdOf, decodeBlockRecord } from '../../../protocol/block-record.ts';
import { createLogHolder, entriesOf } from '../../support/log-stores.ts';
import { OWNER, recordOf } from '../../support/log-writer.ts';

test('after a checkpoint the entries before it can go, and a new holder needs only what is left', async () => {
  const holder = createLogHolder({ author: 10 });
  const own = await (await holder.open()).logs.own();
  const many = Array.from({ length: 6 }, (_, i) =>
    Array.from({ length: 50 }, (_, j) => recordOf(100 + i * 50 + j, { k: 32, n: 64, size: 32 * 1024 * 1024 })),
  );
  for (const records of many) await own.append([{ kind: 'open', body: { upload: '00'.repeat(16), records } }]);
  const all = many.flat().map((record) => blockIdOf(decodeBlockRecord(record)));
  await own.append([
    { kind: 'abandon', body: { blocks: all.slice(0, 10) } },
    { kind: 'commit', body: { blocks: all.slice(10, 300) } },
    { kind: 'bury', body: { blocks: all.slice(10, 20) } },
    { kind: 'document', body: { name: 'keychain', sealed: Uint8Array.of(1) } },
    { kind: 'document', body: { name: 'keychain', sealed: Uint8Array.of(2) } },
    { kind: 'version', body: { sealed: Uint8Array.of(3) } },
  ]);
  const [old] = await own.document('keychain');
  const { from, to } = await own.writeCheckpoint({ without: new Set([old!.hash]) });
  assert.ok(to > from, 'the state takes several parts');
  const [checkpoint] = own.checkpoints();
  assert.equal(checkpoint?.seq, to);
  await own.append([{ kind: 'keep', body: { blocks: [all[10]!] } }]);
  const before = own.bytes();
  const dropped = await own.dropBefore(checkpoint!);
  assert.equal(dropped.entries, 12);
  assert.equal(own.bytes(), before - dropped.bytes);
  holder.stores.powerCut();
  const again = await (await holder.open()).logs.own();
  assert.equal(again.bytes(), before - dropped.bytes);

  const late = await (await createLogHolder().open()).logs.of(OWNER);
  const result = await late.accept(await entriesOf(again));
  assert.deepEqual(result.refused, []);
  assert.deepEqual(late.heads(), again.heads());
  const standings = (await late.blocks(all)).map((row) => row?.standing);
  assert.deepEqual(standings.slice(0, 21), [
    ...Array(10).fill(undefined),
    'committed',
    ...Array(9).fill('buried'),
    'committed',
  ]);
  assert.deepEqual(
    (await late.document('keychain')).map(({ sealed }) => sealed[0]),
    [2],
  );
  assert.equal((await late.versions()).length, 1);
  const [row] = await late.blocks([all[40]!]);
  assert.deepEqual(row?.order, (await again.block(all[40]!))?.order);
});
