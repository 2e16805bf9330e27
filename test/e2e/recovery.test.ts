import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connectNode } from '../../cli/client.ts';
import { runProgram } from '../../node/testnet-process.ts';
import {
  backUp,
  CUSTOMER_SETTINGS,
  errorLines,
  openSmallNetwork,
  restoresWhole,
  type SmallNetwork,
  until,
  writeSource,
} from '../support/small-network.ts';

let small: SmallNetwork;
let source: string;
before(async () => {
  small = await openSmallNetwork({ suppliers: 4 });
  source = join(small.network.folder, 'source');
  await writeSource(source, { files: 3, bytes: 700_000 });
});
after(() => small.close());

const phrase = (): string => String(small.customer.identity.phrase);

test('the owner of the keys stores files and gets the same files back', async () => {
  await backUp(small.client, source);
  await restoresWhole(small.client, source, join(small.network.folder, 'own'));
});

test('the 24 words are confirmed, and every kind of wrong words is told apart', async () => {
  const words = phrase().split(' ');
  assert.equal(words.length, 24);
  assert.deepEqual(await small.client.call('id.confirmWords', { words }), { confirmed: true });
  const other = String(small.suppliers[0]!.identity.phrase).split(' ');
  const wrong = [
    { words: ['zzzz', ...words.slice(1)], code: 'PHRASE_WORD_UNKNOWN' },
    { words: words.slice(1), code: 'PHRASE_CHECKSUM' },
    { words: other, code: 'PHRASE_DIFFERS' },
  ];
  for (const { words: given, code } of wrong)
    await assert.rejects(small.client.call('id.confirmWords', { words: given }), { code });
});

test('the catalogue is the same again when it is read from the blocks alone', async () => {
  const { task } = await small.client.call('storage.rebuildCatalogue', {});
  let result: Record<string, unknown> | null = null;
  for await (const row of await small.client.call('tasks.watch', { task }, { signal: AbortSignal.timeout(30_000) }))
    result = row.result ?? result;
  assert.ok(result);
  assert.deepEqual([result['ok'], result['unreadable']], [true, []]);
  const { files, sets } = result['catalogue'] as { files: number; sets: number };
  assert.deepEqual({ files, sets }, { files: 5, sets: 1 });
  await restoresWhole(small.client, source, join(small.network.folder, 'rebuilt'));
});

test('wrong words recover nothing and write nothing', async () => {
  const home = join(small.network.folder, 'stranger');
  const recover = (input: string) =>
    runProgram({
      arguments: ['init', '--recover', '--home', home, '--json', '--network', small.network.networkFile],
      input: `${input}\n`,
      environment: small.network.environment,
      deadlineMs: 40_000,
    });
  const words = phrase().split(' ');
  await assert.rejects(recover(['zzzz', ...words.slice(1)].join(' ')), /Word 1 is not in the list/);
  await assert.rejects(recover([words[1], words[0], ...words.slice(2)].join(' ')), /swapped/);
  assert.ok(!existsSync(join(home, 'keys')) && !existsSync(join(home, 'identity')));
});

test('an empty machine with the words alone has the same identity, catalogue and every byte', async () => {
  await small.customer.program.kill();
  await rm(small.customer.home, { recursive: true, force: true });
  const home = join(small.network.folder, 'recovered');
  const identity = await runProgram({
    arguments: [
      'init',
      '--recover',
      '--home',
      home,
      '--json',
      '--network',
      small.network.networkFile,
      '--role',
      'consumer',
    ],
    input: `${phrase()}\n`,
    environment: small.network.environment,
    deadlineMs: 50_000,
  });
  assert.deepEqual([identity['recovered'], identity['complete'], identity['missing']], [true, true, []]);
  assert.equal(identity['person'], small.customer.status.person);
  assert.equal((identity['catalogue'] as { files: number }).files, 5);
  const { person } = small.customer.identity;
  const recovered = { name: 'recovered', home, role: 'consumer', identity: { person } };
  const node = await small.network.start(recovered, CUSTOMER_SETTINGS);
  const client = await connectNode(node.home);
  await until('the catalogue can be read', async () =>
    client.call('ls', { path: source }).then(
      ({ total }) => total > 0,
      () => false,
    ),
  );
  await restoresWhole(client, source, join(small.network.folder, 'restored'));
});

test('no node wrote an error into its log', () => {
  assert.deepEqual(errorLines(small.network), []);
});
