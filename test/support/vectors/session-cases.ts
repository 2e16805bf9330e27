import { concatBytes } from '../../../protocol/hash.ts';
import { certificateOf } from '../../../transports/session/certificate.ts';
import { FRAME, frame } from '../../../transports/session/frames.ts';
import { imageOf } from '../../../transports/session/key-image.ts';
import { makeKnock } from '../../../transports/session/knock.ts';
import { encodeAccept, encodeProof } from '../../../transports/session/proof.ts';
import { createSealing } from '../../../transports/session/sealing.ts';
import { createSignerFactory } from '../../../transports/session/signer.ts';
import { realClock } from '../clocks.ts';
import type { Vector } from './vector-file.ts';

const filled = (length: number, value: number) => new Uint8Array(length).fill(value);

/** The dialler has the seed 32 × 01, the responder 32 × 02. */
export const dialler = createSignerFactory().fromSeed(filled(32, 1));
export const responder = createSignerFactory().fromSeed(filled(32, 2));
export const networkId = filled(32, 3);
export const exporter = filled(32, 4);
/** When the knock is made. */
export const knockAt = 1_700_000_000_000;

function vector(name: string, expect: Vector['expect'], comment: string, bytes: Uint8Array): Vector {
  return { name, expect, comment, bytes };
}

const proofParts = { signer: dialler, exporter, responder: responder.publicKey, link: null, received: 0 } as const;
const claims = { person: filled(32, 5), head: { epoch: 0, revision: 7, hash: filled(32, 6) } };

function knock(change: { readonly network?: Uint8Array; readonly at?: number; readonly to?: Uint8Array } = {}) {
  const { network = networkId, at = knockAt, to = responder.publicKey } = change;
  let next = 16;
  const random = { bytes: (length: number) => filled(length, next++), fraction: () => 0 };
  const clock = { ...realClock, now: () => at };
  return makeKnock({ image: imageOf(to), networkId: network, sealing: createSealing(), clock, random });
}

/** The golden vectors of the session, by area. */
export async function sessionCases(): Promise<Readonly<Record<string, readonly Vector[]>>> {
  const proof = encodeProof({ ...proofParts, claims });
  const good = await knock();
  const torn = Uint8Array.from(good);
  torn[511] = (torn[511] ?? 0) ^ 1;
  return {
    'session-certificate': [vector('seed-02', 'accept', 'the certificate of the responder', certificateOf(responder))],
    'session-knock': [
      vector('good', 'accept', 'network 32 x 03, at 1700000000000, nonce 16 x 10, filling 11, ephemeral 12', good),
      vector('torn', 'reject', 'the last bit differs', torn),
      vector('other-network', 'reject', 'network 32 x 09', await knock({ network: filled(32, 9) })),
      vector('old', 'reject', 'made 10 min and 1 ms before', await knock({ at: knockAt - 600_001 })),
      vector('ahead', 'reject', 'made 10 min and 1 ms ahead', await knock({ at: knockAt + 600_001 })),
      vector('other-device', 'reject', 'sealed to the dialler', await knock({ to: dialler.publicKey })),
      vector('short', 'reject', '511 bytes', good.subarray(0, 511)),
    ],
    'session-proof': [
      vector('first', 'accept', 'exporter 32 x 04, a new link', proof),
      vector(
        'return',
        'accept',
        'goes on with link 16 x 07 after 9 frames, without claims',
        encodeProof({ ...proofParts, claims: { person: null, head: null }, link: filled(16, 7), received: 9 }),
      ),
      vector(
        'other-session',
        'reject',
        'exporter 32 x 08',
        encodeProof({ ...proofParts, claims, exporter: filled(32, 8) }),
      ),
      vector(
        'other-responder',
        'reject',
        'made for another responder',
        encodeProof({ ...proofParts, claims, responder: dialler.publicKey }),
      ),
      vector('torn', 'reject', 'cut off', proof.subarray(0, 200)),
    ],
    'session-accept': [
      vector(
        'new',
        'accept',
        'a new link',
        encodeAccept({ link: filled(16, 7), received: null, observed: 'tcp://192.0.2.1:5' }),
      ),
      vector('return', 'accept', 'goes on', encodeAccept({ link: filled(16, 7), received: 9, observed: null })),
      vector(
        'short-link',
        'reject',
        'a link of 15 bytes',
        encodeAccept({ link: filled(15, 7), received: 9, observed: null }),
      ),
    ],
    'session-frames': [
      vector(
        'all',
        'accept',
        'packet 01 02, open 1, data ff on 1, credit 262144 on 1, end 1, reset 3, acknowledge 5, ping, pong, close "bye"',
        concatBytes(
          frame(FRAME.packet, 0, Uint8Array.of(1, 2)),
          frame(FRAME.open, 1),
          frame(FRAME.data, 1, Uint8Array.of(255)),
          frame(FRAME.credit, 1, Uint8Array.of(0, 4, 0, 0)),
          frame(FRAME.end, 1),
          frame(FRAME.reset, 3),
          frame(FRAME.acknowledge, 0, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 5)),
          frame(FRAME.ping, 0, filled(8, 1)),
          frame(FRAME.pong, 0, filled(8, 1)),
          frame(FRAME.close, 0, new TextEncoder().encode('bye')),
        ),
      ),
      vector('unknown-type', 'reject', 'type 13', Uint8Array.of(13, 0, 0, 0, 0, 0, 0, 0)),
      vector('too-long', 'reject', 'a packet of 65,537 bytes', Uint8Array.of(2, 1, 0, 1, 0, 0, 0, 0)),
      vector('empty-packet', 'reject', 'a packet of no bytes', Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0)),
      vector('packet-on-stream', 'reject', 'a packet on stream 1', Uint8Array.of(2, 0, 0, 1, 0, 0, 0, 1)),
      vector('data-on-none', 'reject', 'data on stream 0', Uint8Array.of(4, 0, 0, 1, 0, 0, 0, 0)),
      vector('stream-beyond', 'reject', 'stream 2^31', Uint8Array.of(3, 0, 0, 0, 128, 0, 0, 0)),
    ],
  };
}
