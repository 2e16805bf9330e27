import type { Duplex } from 'node:stream';
import type { Sealing } from '../../ports/sealing.ts';
import type { Signer } from '../../ports/signer.ts';
import type { Clock, Random } from '../../ports/world.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { imageOf } from './key-image.ts';
import { createKnockJudge, KNOCK_BYTES, makeKnock } from './knock.ts';
import type { SessionSecurity } from './security.ts';
import { deviceKeysOf } from './signer.ts';
import { duplexOf } from './stream-duplex.ts';
import { answerTls, clientContext, dialTls, serverContext } from './tls.ts';
import { tlsChannel } from './tls-channel.ts';

/** Exactly the first bytes of a duplex, the rest left in it; undefined when it ends before. */
function readFirst(duplex: Duplex, length: number): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    const over = (bytes: Uint8Array | undefined) => {
      duplex.off('readable', look);
      duplex.off('end', gone);
      duplex.off('close', gone);
      resolve(bytes);
    };
    const gone = () => over(undefined);
    const look = () => {
      const bytes: unknown = duplex.read(length);
      if (bytes instanceof Uint8Array && bytes.length === length) over(bytes);
      else if (bytes !== null) over(undefined);
    };
    duplex.on('error', () => {});
    duplex.on('readable', look);
    duplex.once('end', gone);
    duplex.once('close', gone);
    look();
  });
}

/** Knock and TLS 1.3 for one device in one network. */
export function createTlsSecurity(options: {
  readonly signer: Signer;
  readonly networkId: Uint8Array;
  readonly sealing: Pick<Sealing, 'seal'>;
  readonly clock: Clock;
  readonly random: Random;
}): SessionSecurity {
  const { signer, networkId, sealing, clock, random } = options;
  const keys = deviceKeysOf(signer);
  const judge = createKnockJudge({ image: keys.image, networkId, clock });
  const server = serverContext({ ...keys, publicKey: signer.publicKey, sign: signer.sign });
  const client = clientContext();
  return {
    dial: async (stream, peer) => {
      const knock = await makeKnock({ image: imageOf(peer), networkId, sealing, clock, random });
      const duplex = duplexOf(stream);
      duplex.on('error', () => {});
      if (duplex.destroyed) throw new BitDustError('HANDSHAKE_FAILED');
      duplex.write(knock);
      const { socket, exporter } = await dialTls({ duplex, context: client, peer, networkId });
      return tlsChannel(socket, { exporter, stream, clock });
    },
    answer: async (stream) => {
      const duplex = duplexOf(stream);
      const knock = await readFirst(duplex, KNOCK_BYTES);
      if (knock === undefined || !(await judge.isGood(knock)) || duplex.destroyed) {
        duplex.on('data', () => {});
        duplex.once('end', () => duplex.destroy());
        duplex.resume();
        if (duplex.readableEnded) duplex.destroy();
        return undefined;
      }
      const { socket, exporter } = await answerTls({ duplex, context: server, networkId });
      return tlsChannel(socket, { exporter, stream, clock });
    },
  };
}
