import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfession } from '../../../protocol/confession.ts';
import {
  draftContract,
  IDLE_LIMIT_DEFAULT_MS,
  isContractComplete,
  makeNotice,
  parseContract,
  parseNotice,
} from '../../../protocol/contract.ts';
import { placePiece } from '../../../services/rebuild/place-piece.ts';
import { blockOf, customerWorld, SIGNAL, SUPPLIER } from '../../support/customer-world.ts';
import { deviceOf, keyOf, NETWORK, OWNER } from '../../support/log-writer.ts';
import { DAY_MS, MIB } from '../../support/piece-store.ts';

const OPTIONS = { signal: SIGNAL, deadlineMs: 1000 };

async function placeOne(world: Awaited<ReturnType<typeof customerWorld>>, seed = 1) {
  const block = blockOf(seed);
  await world.seat();
  await world.open([block]);
  const options = { row: block.row, index: 0, supplier: SUPPLIER, bytes: block.payload, signal: SIGNAL };
  assert.equal(await placePiece({ self: world.owner, messenger: world.ownerMessenger }, options), 'stored');
  return block;
}

test('a contract is signed by both, kept with its room, and stands after a restart', async () => {
  const world = await customerWorld();
  const contract = parseContract(await world.hire(10 * MIB));
  assert.ok(isContractComplete(contract));
  assert.equal(world.pieces.account(OWNER)?.grantBytes, 10 * MIB);
  assert.deepEqual(await world.pieces.contract(OWNER), contract.statement.bytes);
  assert.ok(world.factTypes().includes('customer.admitted'));
  await world.restart();
  assert.equal(world.stateOf(), 'active');
  assert.deepEqual(world.service.totals(), {
    customers: 1,
    donatedBytes: 64 * MIB,
    promisedBytes: 10 * MIB,
    usedBytes: 0,
    trashBytes: 0,
    freeBytes: 54 * MIB,
  });
  await world.stop();
});

test('no more is promised than was donated, and a growth that is refused leaves the contract as it was', async () => {
  const world = await customerWorld({ donatedBytes: 20 * MIB });
  assert.deepEqual(await world.ask(21 * MIB), { accepted: false, reason: 'no-space', retryMs: DAY_MS });
  assert.equal(world.pieces.account(OWNER), undefined);
  const first = await world.hire(15 * MIB);
  assert.deepEqual(await world.ask(25 * MIB, first), { accepted: false, reason: 'no-space', retryMs: DAY_MS });
  assert.deepEqual(await world.pieces.contract(OWNER), first);
  const second = await world.hire(20 * MIB, first);
  assert.equal(parseContract(second).replaces, parseContract(first).hash);
  assert.equal(world.pieces.account(OWNER)?.grantBytes, 20 * MIB);
  await world.hire(5 * MIB, second);
  assert.equal(world.service.totals().promisedBytes, 5 * MIB);
  await world.stop();
});

test('a disk that has less than was donated promises only what it has beside its reserve', async () => {
  const world = await customerWorld({ freeBytes: async () => 266 * MIB });
  assert.equal((await world.ask(11 * MIB)).accepted, false);
  assert.equal((await world.ask(10 * MIB)).accepted, true);
  await world.stop();
});

test('the supplier chooses whom he serves, and says why he does not', async () => {
  for (const [accept, reason] of [
    [{ kind: 'friends' }, 'not-friends'],
    [{ kind: 'list', persons: [] }, 'not-listed'],
    [{ kind: 'function', accepts: async () => false }, 'not-accepted'],
    [
      {
        kind: 'function',
        accepts: () => {
          throw new Error('broken');
        },
      },
      'busy',
    ],
  ] as const) {
    const world = await customerWorld({ accept });
    const asked = await world.ask(MIB);
    assert.equal(!asked.accepted && asked.reason, reason);
    assert.equal(world.pieces.account(OWNER), undefined);
    await world.stop();
  }
  const world = await customerWorld({ accept: { kind: 'list', persons: [OWNER] } });
  assert.equal((await world.ask(MIB)).accepted, true);
  await world.stop();
});

test('drafts for somebody else, by somebody else or about other bytes are not signed', async () => {
  const world = await customerWorld();
  const good = {
    network: NETWORK,
    id: '11'.repeat(16),
    customer: OWNER,
    customerDevice: deviceOf(10),
    supplier: world.needs.self.person,
    supplierDevice: SUPPLIER,
    bytes: MIB,
    price: 0,
    idleMs: IDLE_LIMIT_DEFAULT_MS,
    replaces: null,
    renewAt: null,
    at: 1,
  };
  const ask = async (draft: Partial<typeof good>, { signer = keyOf(10), bytes = MIB } = {}) =>
    world.ownerMessenger.request(
      SUPPLIER,
      'RequestService',
      { service: 'supplier', terms: { bytes }, draft: draftContract({ ...good, ...draft }, signer).bytes },
      OPTIONS,
    );
  const invalid = { code: 'CONTRACT_INVALID' };
  await assert.rejects(ask({ network: new Uint8Array(32) }), invalid);
  await assert.rejects(ask({ customer: world.needs.self.person }), invalid);
  await assert.rejects(ask({ supplierDevice: deviceOf(21) }), invalid);
  await assert.rejects(ask({ customerDevice: deviceOf(11) }, { signer: keyOf(11) }), invalid);
  await assert.rejects(ask({}, { bytes: 2 * MIB }), invalid);
  await assert.rejects(ask({}, { signer: keyOf(77) }), { code: 'SIGNATURE_INVALID' });
  assert.equal((await ask({ price: 5 })).payload['reason'], 'price');
  assert.equal((await ask({ idleMs: 900 * DAY_MS })).payload['reason'], 'idle-limit');
  assert.equal(world.pieces.account(OWNER), undefined);
  const first = (await ask({})).payload['contract'];
  assert.deepEqual((await ask({})).payload['contract'], first);
  await world.stop();
});

test('many requests at once make one contract, and the last one stands', async () => {
  const world = await customerWorld();
  const all = await Promise.all([1, 2, 3, 4, 5].map((mib) => world.hire(mib * MIB)));
  assert.equal(world.service.list().length, 1);
  const stands = await world.pieces.contract(OWNER);
  assert.ok(all.some((contract) => Buffer.compare(contract, stands!) === 0));
  assert.equal(world.pieces.account(OWNER)?.grantBytes, parseContract(stands!).bytes);
  await world.stop();
});

test('the customer’s order ends the contract: the pieces lie thirty days in the trash, then nothing is left of him', async () => {
  const world = await customerWorld();
  const contract = await world.hire();
  const block = await placeOne(world);
  await world.agreements.end({ supplier: SUPPLIER, contract, signal: SIGNAL });
  await world.rest();
  assert.ok(world.factTypes().includes('customer.ended'));
  assert.equal(world.service.totals().promisedBytes, 0);
  assert.equal(world.pieces.account(OWNER)?.trashBytes, block.payload.length);
  const again = { row: block.row, index: 0, supplier: SUPPLIER, bytes: block.payload, signal: SIGNAL };
  await assert.rejects(placePiece({ self: world.owner, messenger: world.ownerMessenger }, again), {
    code: 'CUSTOMER_UNKNOWN',
  });
  await world.pass(29 * DAY_MS);
  assert.equal(world.pieces.account(OWNER)?.trashBytes, block.payload.length);
  await world.pass(2 * DAY_MS);
  assert.equal(world.pieces.account(OWNER), undefined);
  assert.deepEqual(world.service.list(), []);
  assert.deepEqual(await world.logs.owners(), []);
  assert.deepEqual(world.failures, []);
  await world.stop();
});

test('who comes back within the thirty days finds his pieces again', async () => {
  const world = await customerWorld();
  const contract = await world.hire();
  const block = await placeOne(world);
  await world.agreements.end({ supplier: SUPPLIER, contract, signal: SIGNAL });
  await world.pass(20 * DAY_MS);
  await world.restart();
  await world.hire();
  await world.rest();
  assert.equal(world.pieces.account(OWNER)?.usedBytes, block.payload.length);
  await world.pass(40 * DAY_MS);
  assert.equal(world.pieces.account(OWNER)?.pieces, 1);
  await world.stop();
});

test('an order to end that is not his, or not for this contract, ends nothing', async () => {
  const world = await customerWorld();
  const contract = parseContract(await world.hire());
  const stranger = world.network.join(deviceOf(66), 'bd1stranger');
  const notice = (hash: string, device = 10, by: 'customer' | 'supplier' = 'customer') => {
    const word = { network: NETWORK, contract: hash, from: deviceOf(device), by, until: 0, reason: 'x', at: 1 };
    return { contract: Buffer.from(hash, 'hex'), notice: makeNotice(word, keyOf(device)).bytes };
  };
  const send = (payload: object, from = world.ownerMessenger) =>
    from.request(SUPPLIER, 'CancelService', payload as never, OPTIONS);
  await assert.rejects(send(notice(contract.hash, 66), stranger), { code: 'NOT_ENTITLED' });
  await assert.rejects(send(notice('ab'.repeat(32))), { code: 'CONTRACT_INVALID' });
  await assert.rejects(send(notice(contract.hash, 11)), { code: 'CONTRACT_INVALID' });
  await assert.rejects(send(notice(contract.hash, 10, 'supplier')), { code: 'CONTRACT_INVALID' });
  assert.equal(world.stateOf(), 'active');
  await world.stop();
});

test('a customer who is rejected is told in signed words, keeps his pieces for thirty days and is released then', async () => {
  const world = await customerWorld();
  await world.hire();
  const block = await placeOne(world);
  const view = await world.service.reject(OWNER);
  assert.equal(view.state, 'onNotice');
  await world.rest();
  const words = world.told.filter(({ command }) => command === 'Notice');
  assert.equal(words.length, 1);
  const notice = parseNotice(words[0]?.request.payload['notice'] as Uint8Array);
  assert.equal(notice.by, 'supplier');
  assert.equal(notice.until, world.clock.now() + 30 * DAY_MS);
  assert.equal((await world.service.reject(OWNER)).contract.noticeUntil, notice.until);
  await world.restart();
  assert.equal(world.stateOf(), 'onNotice');
  assert.equal((await world.ask(MIB)).accepted, false);
  await world.pass(29 * DAY_MS);
  assert.equal(world.pieces.account(OWNER)?.usedBytes, block.payload.length);
  await world.pass(2 * DAY_MS);
  assert.equal(world.pieces.account(OWNER)?.trashBytes, block.payload.length);
  assert.deepEqual(world.failures, []);
  await world.stop();
});

test('a customer who is away gets ninety days, and thirty from the day he is told', async () => {
  const world = await customerWorld();
  await world.hire();
  world.online.clear();
  world.network.down.add(deviceOf(10));
  const view = await world.service.reject(OWNER);
  assert.equal(view.contract.noticeUntil, world.clock.now() + 90 * DAY_MS);
  await world.pass(80 * DAY_MS);
  assert.equal(world.told.length, 0);
  world.network.down.clear();
  await world.pass(DAY_MS);
  const told = world.told.find(({ command }) => command === 'Notice');
  assert.ok((told?.request.payload['until'] as number) > world.clock.now() + 28 * DAY_MS);
  await world.pass(20 * DAY_MS);
  assert.equal(world.stateOf(), 'onNotice');
  await world.stop();
});

test('four hundred days of silence take nothing: absent after two weeks, notice after a year, pieces there', async () => {
  const world = await customerWorld();
  await world.hire();
  const block = await placeOne(world);
  world.online.clear();
  world.network.down.add(deviceOf(10));
  await world.pass(15 * DAY_MS);
  assert.equal(world.stateOf(), 'absent');
  await world.restart();
  assert.equal(world.stateOf(), 'absent');
  await world.pass(385 * DAY_MS);
  assert.equal(world.stateOf(), 'onNotice');
  assert.equal(world.pieces.account(OWNER)?.usedBytes, block.payload.length);
  world.network.down.clear();
  world.online.add(deviceOf(10));
  assert.equal((await world.ask(32 * MIB)).accepted, true);
  assert.equal(world.stateOf(), 'active');
  await world.pass(100 * DAY_MS);
  assert.equal(world.pieces.account(OWNER)?.usedBytes, block.payload.length);
  await world.stop();
});

test('a word from the customer ends his absence', async () => {
  const world = await customerWorld();
  await world.hire();
  world.online.clear();
  await world.pass(15 * DAY_MS);
  assert.equal(world.stateOf(), 'absent');
  world.bus.publish({ type: 'peer.heard', peer: deviceOf(10) });
  await world.rest();
  assert.equal(world.stateOf(), 'active');
  assert.equal(world.service.list()[0]?.seenAt, world.clock.now());
  await world.stop();
});

test('a smaller donation gives notice to as many as it takes, and to no more', async () => {
  const world = await customerWorld();
  await world.hire(30 * MIB);
  await world.service.setDonation(10 * MIB);
  world.bus.publish({ type: 'space.donation-changed', bytes: 10 * MIB });
  await world.rest();
  assert.equal(world.stateOf(), 'onNotice');
  await world.pass(3 * DAY_MS);
  assert.equal(world.factTypes().filter((type) => type === 'space.notice-given').length, 1);
  await assert.rejects(world.service.setDonation(2e12), { code: 'DISK_FULL' });
  await world.stop();
});

test('the scrub finds a rotten piece within its pass, and confesses it in signed words', async () => {
  const world = await customerWorld();
  await world.hire();
  const block = await placeOne(world);
  const disk = world.machine.volume.disk();
  const files = async (folder: string): Promise<string[]> => {
    const found: string[] = [];
    for (const { name, kind } of await disk.list(folder)) {
      found.push(...(kind === 'folder' ? await files(`${folder}/${name}`) : [`${folder}/${name}`]));
    }
    return found;
  };
  for (const path of await files('/home/store')) {
    const { size } = (await disk.stat(path))!;
    if (size < block.payload.length) continue;
    const file = await disk.open(path, 'update');
    await file.write(Uint8Array.of(1, 2, 3), size - 50);
    await file.close();
  }
  world.network.down.add(deviceOf(10));
  await world.pass(2 * DAY_MS);
  assert.ok(world.factTypes().includes('piece.found-rotten'));
  await world.restart();
  world.network.down.clear();
  await world.pass(DAY_MS);
  const words = world.told.filter(({ command }) => command === 'Confess');
  assert.equal(words.length, 1);
  const confession = parseConfession(words[0]?.request.payload['statement'] as Uint8Array);
  assert.deepEqual(confession.pieces, [{ block: block.block, seat: 0, state: 'rotten' }]);
  await world.stop();
});
