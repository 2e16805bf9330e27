import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { networkOfHome } from '../../../node/network-file.ts';
import type { CreateIdentityOptions, RecoverIdentityOptions } from '../../../node/offline.ts';
import { confirmWords, createIdentity, recoverIdentity, showIdentity } from '../../../node/offline-identity.ts';
import { BitDustError, type ErrorCode, isBitDustError } from '../../../protocol/errors.ts';
import { entropyToPhrase } from '../../../protocol/phrase.ts';
import { createRealDisk } from '../../../storage/disk/real.ts';

const NEW: CreateIdentityOptions = { nickname: 'alice', role: 'full', network: null, passphrase: null };
const NETWORK = { name: 'home', id: null, bootstrap: ['127.0.0.1:4000', '127.0.0.1:4001', '127.0.0.1:4002'] };
const OTHER = entropyToPhrase(new Uint8Array(32).fill(5)).split(' ');

async function inHome(run: (home: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bitdust-offline-'));
  try {
    await run(join(folder, 'home'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const isCode = (code: ErrorCode) => (error: unknown) => isBitDustError(error, code);

test('a new home has an identity, and without a network it founds one', () =>
  inHome(async (home) => {
    const made = await createIdentity(home, NEW);
    assert.equal(made.phrase.split(' ').length, 24);
    assert.equal(made.network.founded, true);
    assert.match(made.network.id ?? '', /^[0-9a-f]{64}$/);
    assert.equal(networkOfHome(home)?.id, made.network.id);
    assert.equal(made.card.id, made.network.id);
    const shown = await showIdentity(home);
    assert.equal(shown.person, made.person);
    assert.equal(shown.device, made.device);
    assert.equal(shown.nickname, 'alice');
    assert.deepEqual(
      shown.devices.map(({ device, current }) => ({ device, current })),
      [{ device: made.device, current: true }],
    );
  }));

test('with a network file the id is learnt later, and the card names two members', () =>
  inHome(async (home) => {
    const made = await createIdentity(home, { ...NEW, network: NETWORK });
    assert.deepEqual(made.network, { ...NETWORK, founded: false });
    assert.deepEqual(made.card, { network: 'home', id: null, seeds: NETWORK.bootstrap.slice(0, 2) });
    assert.deepEqual(networkOfHome(home), NETWORK);
  }));

test('nobody but the owner can read the files of an identity, and no file holds the words', () =>
  inHome(async (home) => {
    const { phrase } = await createIdentity(home, NEW);
    assert.equal(statSync(home).mode & 0o777, 0o700);
    for (const folder of ['identity', 'keys']) {
      for (const name of readdirSync(join(home, folder))) {
        const path = join(home, folder, name);
        assert.equal(statSync(path).mode & 0o777, 0o600, path);
        const text = readFileSync(path, 'latin1');
        assert.ok(!phrase.split(' ').every((word) => text.includes(word)), path);
      }
    }
  }));

test('an identity is never overwritten', () =>
  inHome(async (home) => {
    const { person } = await createIdentity(home, NEW);
    await assert.rejects(createIdentity(home, NEW), isCode('HOME_EXISTS'));
    await assert.rejects(recoverIdentity(home, recovery(OTHER, ['127.0.0.1:9'])), isCode('HOME_EXISTS'));
    assert.equal((await showIdentity(home)).person, person);
  }));

test('a wrong nickname leaves no home behind', () =>
  inHome(async (home) => {
    await assert.rejects(createIdentity(home, { ...NEW, nickname: 'Al' }), isCode('NICKNAME_INVALID'));
    assert.equal(existsSync(home), false);
  }));

test('a home that another node uses is refused', () =>
  inHome(async (home) => {
    const lock = await createRealDisk().lock(join(home, 'lock'));
    await assert.rejects(createIdentity(home, NEW), isCode('HOME_LOCKED'));
    await lock.release();
    await createIdentity(home, NEW);
  }));

test('a home without an identity says so', () =>
  inHome(async (home) => {
    await assert.rejects(showIdentity(home), isCode('IDENTITY_MISSING'));
    await assert.rejects(confirmWords(home, OTHER), isCode('IDENTITY_MISSING'));
  }));

test('keys under a passphrase do not hide what is public', () =>
  inHome(async (home) => {
    const { person, phrase } = await createIdentity(home, { ...NEW, passphrase: 'correct horse' });
    assert.equal((await showIdentity(home)).person, person);
    assert.deepEqual(await confirmWords(home, phrase.split(' ')), { confirmed: true });
  }));

const swapped = (words: readonly string[], a: number, b: number) => words.with(a, words[b]!).with(b, words[a]!);

test('wrong words of every kind are told apart, by those who confirm and by those who recover, and nothing is written', () =>
  inHome(async (home) => {
    const { phrase } = await createIdentity(home, NEW);
    const words = phrase.split(' ');
    const at = words.findIndex((word, index) => index < 23 && word !== words[index + 1]);
    const failed = async (typed: readonly string[]): Promise<BitDustError> => {
      const empty = `${home}-empty`;
      const errors = await Promise.all(
        [confirmWords(home, typed), recoverIdentity(empty, recovery(typed, ['127.0.0.1:9']))].map((work) =>
          work.then(
            () => assert.fail('wrong words were taken'),
            (error: unknown) => error as BitDustError,
          ),
        ),
      );
      assert.equal(existsSync(empty), false);
      assert.equal(errors[0]?.code, errors[1]?.code);
      return errors[0] as BitDustError;
    };
    const unknown = await failed(words.with(6, 'abandn'));
    assert.equal(unknown.code, 'PHRASE_WORD_UNKNOWN');
    assert.equal(unknown.details['number'], 7);
    assert.ok((unknown.details['nearest'] as string[]).includes('abandon'));
    assert.equal((await failed(words.slice(1))).code, 'PHRASE_CHECKSUM');
    assert.equal((await failed([])).code, 'PHRASE_CHECKSUM');
    const crossed = swapped(words, at, at + 1);
    // One phrase in 256 has a right checksum by chance; then it is the phrase of somebody else.
    const verdict = await confirmWords(home, crossed).catch((error: unknown) => error as BitDustError);
    assert.ok(verdict instanceof BitDustError);
    if (verdict.code === 'PHRASE_CHECKSUM') {
      const fixes = verdict.details['fixes'] as { kind: string; number: number }[];
      assert.ok(fixes.some(({ kind, number }) => kind === 'swap' && number === at + 1));
    } else assert.equal(verdict.code, 'PHRASE_DIFFERS');
    await assert.rejects(confirmWords(home, OTHER), isCode('PHRASE_DIFFERS'));
  }));

test('without any member of a network to ask, nothing can be found', () =>
  inHome(async (home) => {
    await assert.rejects(recoverIdentity(home, recovery(OTHER, [])), isCode('IDENTITY_NOT_FOUND'));
    assert.equal(existsSync(home), false);
  }));

test('members that do not answer are no proof that there is no such identity', () =>
  inHome(async (home) => {
    await assert.rejects(recoverIdentity(home, recovery(OTHER, ['127.0.0.1:9'])), isCode('DIRECTORY_UNREACHABLE'));
    assert.equal(existsSync(home), false);
  }));

function recovery(words: readonly string[], via: readonly string[]): RecoverIdentityOptions {
  const signal = AbortSignal.timeout(60_000);
  return { words, network: null, via, passphrase: null, signal, onStep: () => undefined };
}
