import assert from 'node:assert/strict';
import { createServer, connect as dialTcp, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import { createSecureContext, connect as dialTls, TLSSocket } from 'node:tls';
import { isBitDustError } from '../../../protocol/errors.ts';
import { deviceIdFrom, keyOfDevice } from '../../../protocol/ids.ts';
import { certificateOf, pem, privateKeyPem } from '../../../transports/session/certificate.ts';
import { imageOf } from '../../../transports/session/key-image.ts';
import { makeKnock } from '../../../transports/session/knock.ts';
import { createSealing } from '../../../transports/session/sealing.ts';
import { createSignerFactory, deviceKeysOf } from '../../../transports/session/signer.ts';
import { answering, never } from '../../compliance/sessions.ts';
import { createStepClock, realClock, seededRandom, settle } from '../../support/clocks.ts';
import { realSessionsWorld } from '../../support/session-worlds.ts';

const mallory = createSignerFactory().fromSeed(new Uint8Array(32).fill(13));

function listenOn(
  onSocket: (socket: Socket) => void | Promise<void>,
): Promise<{ readonly server: Server; readonly address: string }> {
  const server = createServer((socket) => void onSocket(socket));
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      resolve({ server, address: `tcp://127.0.0.1:${port}` });
    });
  });
}

function readKnock(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (socket.read(512) === null) return;
      socket.off('readable', look);
      resolve();
    };
    socket.on('readable', look);
    look();
  });
}

/** Answers in the place of another, with its own certificate; tells every byte it could read inside TLS. */
function impostor(timing: 'at once' | 'late' | 'talking first', decrypted: Buffer[], answered: () => void) {
  const context = createSecureContext({
    cert: pem('CERTIFICATE', certificateOf(mallory)),
    key: privateKeyPem(deviceKeysOf(mallory).privateKey),
    minVersion: 'TLSv1.3',
  });
  return async (socket: Socket) => {
    socket.on('error', () => {});
    await readKnock(socket);
    if (timing === 'late') await new Promise((resolve) => setTimeout(resolve, 20));
    const tls = new TLSSocket(socket, { isServer: true, secureContext: context });
    tls.on('error', () => {});
    tls.on('data', (chunk: Buffer) => decrypted.push(chunk));
    if (timing === 'talking first') tls.once('secure', () => tls.write(Buffer.alloc(2_000, 12)));
    answered();
  };
}

for (const timing of ['at once', 'late', 'talking first'] as const) {
  test(`an impostor who answers ${timing} gets no byte of the dialler, thirty times of thirty`, async () => {
    const world = realSessionsWorld('tcp');
    const [alice, bob] = [world.device('alice'), world.device('bob')];
    const decrypted: Buffer[] = [];
    let answers = 0;
    const answered = () => {
      answers += 1;
    };
    const { server, address } = await listenOn(impostor(timing, decrypted, answered));
    for (let run = 0; run < 30; run += 1) {
      const stream = await alice.transport.dial(address, never());
      const connecting = alice.sessions.connect(stream, { peer: bob.device, transport: 'tcp', signal: never() });
      await assert.rejects(connecting, (error) => isBitDustError(error, 'PEER_KEY_DIFFERS'));
      await stream.closed;
    }
    assert.equal(answers, 30);
    assert.equal(Buffer.concat(decrypted).length, 0);
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
}

test('who ends the handshake instead of answering is HANDSHAKE_FAILED, who says nothing HANDSHAKE_TIMEOUT', async () => {
  const clock = createStepClock(Date.now());
  const world = realSessionsWorld('tcp', { clock });
  const [alice, bob] = [world.device('alice'), world.device('bob')];
  const { server, address } = await listenOn((socket) => {
    socket.once('data', () => {
      if (rude) socket.destroy();
    });
    socket.on('error', () => {});
  });
  let rude = true;
  for (const code of ['HANDSHAKE_FAILED', 'HANDSHAKE_TIMEOUT'] as const) {
    const stream = await alice.transport.dial(address, never());
    const connecting = alice.sessions.connect(stream, { peer: bob.device, transport: 'tcp', signal: never() });
    const failed = assert.rejects(connecting, (error) => isBitDustError(error, code));
    if (!rude) await clock.advance(10_000);
    await failed;
    await stream.closed;
    rude = false;
  }
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

/** What a prober gets back from a responder until the responder closes. */
async function probe(address: string, say: (socket: Socket) => void, after: () => Promise<void>): Promise<Buffer> {
  const heard: Buffer[] = [];
  const socket = dialTcp(Number(address.split(':').at(-1)), '127.0.0.1');
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => heard.push(chunk));
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
  say(socket);
  await after();
  await closed;
  return Buffer.concat(heard);
}

test('a prober hears nothing until the deadline, whatever it says, thirty times of thirty', async () => {
  const clock = createStepClock(Date.now());
  const world = realSessionsWorld('tcp', { clock });
  const bob = world.device('bob');
  const at = await answering(world, bob);
  const random = seededRandom('prober');
  const knockAt = (image: Uint8Array) =>
    makeKnock({ image, networkId: new Uint8Array(32).fill(1), sealing: createSealing(), clock: realClock, random });
  const wrongKnock = await knockAt(imageOf(mallory.publicKey));
  const ways: readonly ((socket: Socket) => void)[] = [
    () => {},
    (socket) => socket.write('GET / HTTP/1.1\r\n\r\n'),
    (socket) => socket.write(random.bytes(511)),
    (socket) => socket.write(random.bytes(512)),
    (socket) => socket.write(Buffer.concat([wrongKnock, random.bytes(600)])),
    (socket) => void dialTls({ socket, rejectUnauthorized: false }).on('error', () => {}),
  ];
  let asked = 0;
  for (let run = 0; run < 30; run += 1) {
    const say = ways[run % ways.length] ?? (() => {});
    const heard = await probe(at.address, say, async () => {
      while (at.accepted.length <= asked) await settle();
      asked += 1;
      for (let turn = 0; turn < 20; turn += 1) await settle();
      await clock.advance(10_000);
    });
    assert.equal(heard.length, 0, `way ${run % ways.length}`);
  }
  assert.deepEqual(await Promise.all(at.accepted), Array(30).fill(undefined));
  await at.listener.close();
});

test('a recorded session played again is silence, and so is its knock with a handshake of its own', async () => {
  const clock = createStepClock(Date.now());
  const world = realSessionsWorld('tcp', { clock });
  const [alice, bob] = [world.device('alice'), world.device('bob')];
  const at = await answering(world, bob);
  const said: Buffer[] = [];
  const port = Number(at.address.split(':').at(-1));
  const { server, address } = await listenOn((socket) => {
    const onward = dialTcp(port, '127.0.0.1');
    socket.on('data', (chunk: Buffer) => said.push(chunk));
    socket.pipe(onward).pipe(socket);
    for (const end of [socket, onward]) end.on('error', () => {});
  });
  const stream = await alice.transport.dial(address, never());
  const link = await alice.sessions.connect(stream, { peer: bob.device, transport: 'tcp', signal: never() });
  await link.ping(never());
  const all = Buffer.concat(said);
  const silence = async (say: (socket: Socket) => void) => {
    const count = at.accepted.length;
    const heard = await probe(at.address, say, async () => {
      while (at.accepted.length <= count) await settle();
      for (let turn = 0; turn < 20; turn += 1) await settle();
      await clock.advance(10_000);
    });
    assert.equal(heard.length, 0);
  };
  await silence((socket) => socket.write(all));
  await silence((socket) => {
    socket.write(all.subarray(0, 512));
    dialTls({ socket, rejectUnauthorized: false, minVersion: 'TLSv1.3' }).on('error', () => {});
  });
  assert.ok(!all.includes(Buffer.from(keyOfDevice(alice.device))), 'no key on the wire in the clear');
  assert.ok(!all.includes(Buffer.from(keyOfDevice(bob.device))));
  link.close('over');
  await Promise.all([alice.sessions.close('over'), bob.sessions.close('over'), at.listener.close()]);
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

test('the certificate of a key is always the same bytes, and OpenSSL reads the key out of it', async () => {
  const { X509Certificate } = await import('node:crypto');
  const der = certificateOf(mallory);
  assert.deepEqual(certificateOf(mallory), der);
  const certificate = new X509Certificate(der);
  const jwk = certificate.publicKey.export({ format: 'jwk' });
  assert.equal(jwk.x, Buffer.from(mallory.publicKey).toString('base64url'));
  assert.ok(certificate.verify(certificate.publicKey), 'signed by itself');
  assert.equal(certificate.subject, 'CN=bitdust');
  assert.equal(deviceIdFrom(mallory.publicKey).slice(0, 4), 'bdd1');
});
