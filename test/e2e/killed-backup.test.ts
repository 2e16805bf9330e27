import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connectNode, type NodeClient } from '../../cli/client.ts';
import type { BackupAnswer } from '../../node/api/backup.ts';
import type { EmbeddedNode } from '../../node/testnet.ts';
import {
  CUSTOMER_SETTINGS,
  errorLines,
  openSmallNetwork,
  restoresWhole,
  type SmallNetwork,
  until,
  untilSafe,
  writeSource,
} from '../support/small-network.ts';

/** When the process is killed, as the share of the backup's bytes that are stored. */
const MOMENTS = [0, 0.2, 0.6, 0.95];
const FILES = { files: 8, bytes: 3_000_000 };

let small: SmallNetwork;
let node: EmbeddedNode;
let client: NodeClient;
let resumed = 0;
before(async () => {
  small = await openSmallNetwork({ suppliers: 4 });
  node = small.customer;
  client = small.client;
});
after(() => small.close());

async function startAgain(): Promise<void> {
  node = await small.network.start(node, CUSTOMER_SETTINGS);
  client = await connectNode(node.home);
}

const storedBytes = async (): Promise<number> => (await client.call('storage.status', {})).bytes.stored;

for (const moment of MOMENTS) {
  test(`killed at ${moment * 100} % of a backup, the node loses nothing acknowledged and ends it by itself`, async () => {
    const source = join(small.network.folder, `source-${moment * 100}`);
    await writeSource(source, FILES);
    const before = await storedBytes();
    const { task } = await client.call('backup', { paths: [source] });
    const wanted = before + moment * FILES.files * FILES.bytes * 2;
    let acknowledged = before;
    await until('enough of it is stored', async () => {
      acknowledged = await storedBytes();
      return acknowledged >= wanted;
    });
    await node.program.kill();
    await startAgain();
    await until('what was acknowledged is known again', async () => (await storedBytes()) >= acknowledged);
    const answer = await endOf(task);
    if (answer) {
      resumed++;
      assert.equal(answer.resumed, true);
      assert.equal(answer.files.total, FILES.files + 2);
    }
    const { versions } = await client.call('versions', { path: source });
    assert.equal(versions.length, 1);
    await untilSafe(client);
    await restoresWhole(client, source, join(small.network.folder, `restored-${moment * 100}`));
  });
}

/** The result of the task that was running before the kill; none when its version was committed already. */
async function endOf(task: string): Promise<BackupAnswer | undefined> {
  const signal = AbortSignal.timeout(40_000);
  const { tasks } = await client.call('tasks.list', {});
  if (!tasks.some((row) => row.task === task)) return undefined;
  let answer: BackupAnswer | undefined;
  for await (const row of await client.call('tasks.watch', { task, until: 'safe' }, { signal })) {
    assert.notEqual(row.state, 'failed', JSON.stringify(row.error));
    if (row.result) answer = row.result as unknown as BackupAnswer;
    if (answer?.state === 'safe') break;
  }
  assert.ok(answer);
  return answer;
}

test('most of the backups were cut in the middle and went on', () => {
  assert.ok(resumed >= 2, `${resumed} went on`);
});

test('no node wrote an error into its log', () => {
  assert.deepEqual(errorLines(small.network), []);
});
