import { cpus } from 'node:os';
import type { LogLevel, World } from '../../ports/world.ts';
import { createRealDisk } from '../../storage/disk/real.ts';
import { createWorkerPool } from '../../storage/pipeline/worker-pool.ts';
import { createRecordEngine, type RecordEngineOptions } from '../../storage/records/engine.ts';
import { createHyperdhtDirectory } from '../../transports/hyperdht/hyperdht-directory.ts';
import { createSealing } from '../../transports/session/sealing.ts';
import { createSessions } from '../../transports/session/sessions.ts';
import { createSignerFactory } from '../../transports/session/signer.ts';
import { createTcpTransport } from '../../transports/tcp/tcp-transport.ts';
import { createFileLog, createMemoryLog, type NodeLog } from '../log.ts';
import { watchHost } from './host.ts';
import { realRandom } from './random.ts';
import { RealClock } from './real-clock.ts';

export interface RealWorldOptions {
  /** File of the log; null keeps the newest lines in memory only. */
  readonly logFile: string | null;
  readonly logLevel: LogLevel;
  readonly records?: RecordEngineOptions;
}

/** A world and the log that can be told its levels. */
export interface RealWorld extends World {
  readonly log: NodeLog;
  readonly cores: number;
  close(): Promise<void>;
}

/** This machine: its clock, disk, network and processors. */
export function realWorld(options: RealWorldOptions): RealWorld {
  const clock = new RealClock();
  const random = realRandom();
  const disk = createRealDisk();
  const sealing = createSealing();
  const workers = createWorkerPool();
  const host = watchHost({ clock, onWake: (listener) => clock.onWake(listener) });
  const now = (): number => clock.now();
  const log =
    options.logFile === null
      ? createMemoryLog(now)
      : createFileLog({ path: options.logFile, now, level: options.logLevel });
  clock.start();
  host.start();
  return {
    kind: 'real',
    clock,
    random,
    log,
    host,
    disk,
    stores: createRecordEngine(disk, options.records),
    transports: [createTcpTransport()],
    sessions: (self) => createSessions({ ...self, clock, random, sealing }),
    sealing,
    signer: createSignerFactory(),
    directory: (wanted) => createHyperdhtDirectory(wanted, { clock, random, disk }),
    workers,
    cores: cpus().length,
    async close() {
      host.stop();
      clock.stop();
      await workers.close();
      log.close();
    },
  };
}
