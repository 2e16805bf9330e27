import { join } from 'node:path';
import { createRealDisk } from '../../storage/disk/real.ts';
import { openPieceStore } from '../../storage/pieces/piece-store.ts';
import { createRecordEngine } from '../../storage/records/engine.ts';
import { alice, bytesOf, MIB, pieceOf, streamOf } from './piece-store.ts';

// Stores pieces until it is killed, and prints the number of each one that was acknowledged: `node storing-child.ts HOME ENGINE FIRST`.
const [home = '', engine = 'rocksdb', first = '0'] = process.argv.slice(2);
const disk = createRealDisk();
const database = await createRecordEngine(disk, { engine: engine as 'rocksdb' | 'leveldb', ballastBytes: 0 }).open(
  join(home, 'db'),
);
const store = await openPieceStore({
  disk,
  records: database.records.part('pieces'),
  folder: join(home, 'store'),
  clock: {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    setTimeout: (fire, delayMs) => setTimeout(fire, delayMs),
    clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
  },
  random: { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)), fraction: Math.random },
  orderStands: async () => true,
});
await store.grant({ customer: alice, bytes: 4096 * MIB, donatedBytes: 4096 * MIB, contract: bytesOf(1, 10) });
let next = Number(first);
await Promise.all(
  Array.from({ length: 8 }, async () => {
    for (;;) {
      const number = next++;
      const { offer, payload } = pieceOf(number, number % 2 ? 5000 : 70_000);
      await store.store(offer, streamOf(payload));
      process.stdout.write(`${number}\n`);
    }
  }),
);
