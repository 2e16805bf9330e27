import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { equalBytes } from '../../../protocol/hash.ts';
import { FrameReader } from '../../../transports/session/frames.ts';
import { createKnockJudge } from '../../../transports/session/knock.ts';
import { checkProof, decodeAccept, encodeAccept } from '../../../transports/session/proof.ts';
import { deviceKeysOf } from '../../../transports/session/signer.ts';
import { realClock } from '../../support/clocks.ts';
import { exporter, knockAt, networkId, responder, sessionCases } from '../../support/vectors/session-cases.ts';
import { readVectors } from '../../support/vectors/vector-file.ts';

/** True when the bytes are accepted; throws or gives false when they are not. */
type Judge = (bytes: Uint8Array) => boolean | Promise<boolean>;

const judges: Readonly<Record<string, Judge>> = {
  'session-certificate': (bytes) => {
    const certificate = new X509Certificate(bytes);
    const { x = '' } = certificate.publicKey.export({ format: 'jwk' });
    return certificate.verify(certificate.publicKey) && equalBytes(Buffer.from(x, 'base64url'), responder.publicKey);
  },
  'session-knock': (bytes) => {
    const clock = { ...realClock, now: () => knockAt };
    return createKnockJudge({ image: deviceKeysOf(responder).image, networkId, clock }).isGood(bytes);
  },
  'session-proof': (bytes) => checkProof(bytes, { exporter, responder: responder.publicKey }).key.length === 32,
  'session-accept': (bytes) => equalBytes(encodeAccept(decodeAccept(bytes)), bytes),
  'session-frames': (bytes) => {
    new FrameReader({ frame: () => {}, data: () => {} }).push(bytes);
    return true;
  },
};

async function isAccepted(judge: Judge, bytes: Uint8Array): Promise<boolean> {
  try {
    return await judge(bytes);
  } catch {
    return false;
  }
}

for (const [area, judge] of Object.entries(judges)) {
  test(`${area}: every golden vector gets its verdict, and the code still makes the same bytes`, async () => {
    const written = readVectors(area);
    const made = (await sessionCases())[area] ?? [];
    assert.deepEqual(
      written,
      [...made].sort((a, b) => (a.name < b.name ? -1 : 1)),
    );
    for (const { name, expect, bytes } of written) {
      assert.equal(await isAccepted(judge, bytes), expect === 'accept', `${area}/${name}`);
    }
  });
}
