import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Sealing } from '../../ports/sealing.ts';
import { isBitDustError } from '../../protocol/errors.ts';
import { textBytes } from '../../protocol/hash.ts';

const LABEL = 'bitdust/test/1';
const PURPOSE = textBytes('purpose');
const broken = (error: unknown) => isBitDustError(error, 'SEAL_BROKEN');

function bytesOf(length: number, value: number): Uint8Array {
  return new Uint8Array(length).fill(value);
}

async function sealed(sealing: Sealing, change: { readonly randomness?: number; readonly text?: string } = {}) {
  const key = await sealing.xWingKey(bytesOf(32, 1));
  const plaintext = textBytes(change.text ?? 'the secret');
  const bytes = await sealing.seal({
    to: key.publicKey,
    kind: 'x-wing',
    label: LABEL,
    purpose: PURPOSE,
    plaintext,
    randomness: bytesOf(64, change.randomness ?? 7),
  });
  return { key, plaintext, bytes };
}

/** Every sealing passes these. */
export function sealingCompliance(name: string, make: () => Sealing): void {
  describe(`sealing ${name}`, () => {
    it('opens what was sealed, with sizes as HPKE has them', async () => {
      const { key, plaintext, bytes } = await sealed(make());
      assert.equal(key.publicKey.length, 1216);
      assert.equal(bytes.length, 1120 + plaintext.length + 16);
      assert.deepEqual(await key.open(bytes, { label: LABEL, purpose: PURPOSE }), plaintext);
    });

    it('opens with the key of the same seed, also when the seed was zeroed', async () => {
      const { plaintext, bytes } = await sealed(make());
      const seed = bytesOf(32, 1);
      const again = await make().xWingKey(seed);
      seed.fill(0);
      assert.deepEqual(await again.open(bytes, { label: LABEL, purpose: PURPOSE }), plaintext);
    });

    it('makes the same bytes of the same randomness and others of other', async () => {
      const first = await sealed(make());
      assert.deepEqual((await sealed(make())).bytes, first.bytes);
      const other = await sealed(make(), { randomness: 8 });
      assert.notDeepEqual(other.bytes.subarray(0, 1120), first.bytes.subarray(0, 1120));
      assert.notDeepEqual(other.bytes.subarray(1120), first.bytes.subarray(1120));
    });

    it('refuses another key, label or purpose, and every damage', async () => {
      const sealing = make();
      const { key, bytes } = await sealed(sealing);
      const other = await sealing.xWingKey(bytesOf(32, 2));
      await assert.rejects(other.open(bytes, { label: LABEL, purpose: PURPOSE }), broken);
      await assert.rejects(key.open(bytes, { label: 'bitdust/other/1', purpose: PURPOSE }), broken);
      await assert.rejects(key.open(bytes, { label: LABEL, purpose: textBytes('other') }), broken);
      const cuts = [0, 1, 1119, 1120, 1135, bytes.length - 1];
      for (const cut of cuts)
        await assert.rejects(key.open(bytes.subarray(0, cut), { label: LABEL, purpose: PURPOSE }), broken);
      for (const at of [0, 600, 1100, 1121, bytes.length - 1]) {
        const damaged = Uint8Array.from(bytes);
        damaged[at] = (damaged[at] ?? 0) ^ 1;
        await assert.rejects(key.open(damaged, { label: LABEL, purpose: PURPOSE }), broken, `at ${at}`);
      }
    });

    it('refuses keys and randomness of the wrong length and the all-zero X25519 key', async () => {
      const options = { kind: 'x25519', label: LABEL, purpose: PURPOSE, plaintext: bytesOf(3, 3) } as const;
      const randomness = bytesOf(32, 4);
      const invalid = (error: unknown) => isBitDustError(error, 'KEY_INVALID');
      await assert.rejects(make().seal({ ...options, to: bytesOf(31, 9), randomness }), invalid);
      await assert.rejects(make().seal({ ...options, to: bytesOf(32, 0), randomness }), invalid);
      await assert.rejects(make().seal({ ...options, to: bytesOf(32, 9), randomness: bytesOf(31, 1) }), RangeError);
      await assert.rejects(make().xWingKey(bytesOf(31, 1)), RangeError);
      const good = await make().seal({ ...options, to: bytesOf(32, 9), randomness });
      assert.equal(good.length, 32 + 3 + 16);
    });
  });
}
