import type { Bus } from '../../bus/bus.ts';
import { type FetchedWindow, restoreTaskWith } from '../../machines/restore/restore-task.machine.ts';
import type { Backups } from '../../ports/backups.ts';
import type { BlockSource, Catalogue } from '../../ports/catalogue.ts';
import type { Disk } from '../../ports/disk.ts';
import type { OrderLog } from '../../ports/order-logs.ts';
import type { Pipeline, RestoreTarget } from '../../ports/pipeline.ts';
import type { Restores } from '../../ports/restores.ts';
import type { Suppliers } from '../../ports/suppliers.ts';
import type { TaskHandle, TaskTable } from '../../ports/tasks.ts';
import type { ActorRuntime, Clock, Random } from '../../ports/world.ts';
import { BitDustError } from '../../protocol/errors.ts';
import type { BlockId, VersionId } from '../../protocol/ids.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import type { Service } from '../kit/service.ts';
import { noteShortage, readingOrder, readPlannedBlock, type Shortage } from './read-blocks.ts';
import { planRestore, type RestorePlan } from './restore-plan.ts';

export interface RestoreTasksNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Pick<Disk, 'stat'>;
  readonly backups: Pick<Backups, 'resolve'>;
  readonly catalogue: Catalogue;
  readonly log: Pick<OrderLog, 'block'>;
  readonly source: BlockSource;
  readonly pipeline: Pick<Pipeline, 'target'>;
  readonly suppliers: Pick<Suppliers, 'seats'>;
  readonly tasks: TaskTable;
  readonly onFailure: (key: string, error: unknown) => void;
}

export type RestoreTasks = Service & Pick<Restores, 'restore'>;

const TASKS_MAX = 4;
const BLOCKS_AT_ONCE = 8;
const REPORT_BLOCKS = 64;
const REPORT_MS = 1_000;

interface Root {
  readonly path: Uint8Array;
  readonly version: VersionId;
  readonly folder: string;
}

interface Counters {
  files: number;
  folders: number;
  links: number;
  restored: number;
  fetched: number;
  blocks: number;
  decoded: number;
}

interface Job {
  readonly handle: TaskHandle;
  readonly roots: readonly Root[];
  readonly to: string;
  readonly force: boolean;
  readonly startedAt: number;
  readonly counters: Counters;
  readonly shortage: Shortage;
  readonly life: AbortController;
  /** What a port rejected with; the machine keeps its sentence only. */
  failure: unknown;
  parts: { readonly plan: RestorePlan; readonly target: RestoreTarget; readonly order: BlockId[] }[];
}

/** Wires `restore-task`: plans from the catalogue, reads block by block, gives names only when all is there. */
export function createRestoreTasks(needs: RestoreTasksNeeds): RestoreTasks {
  const { bus, clock, tasks, catalogue, source, pipeline } = needs;
  const jobs = new Map<string, Job>();

  const pool = new ActorPool({
    machine: restoreTaskWith({
      openVersion: ({ task }, signal) => remembering(jobs.get(task)!, (job) => openAll(job, signal)),
      fetchWindow: ({ task, cursor }, signal) =>
        remembering(jobs.get(task)!, (job) => fetchWindow(job, cursor, signal)),
      verifyOutput: async () => ({ ok: true }),
      placeOutput: ({ task }) => remembering(jobs.get(task)!, placeAll),
    }),
    runtime: needs.runtime,
    actorsMax: TASKS_MAX,
    onEmit: (fact, key) => {
      if (fact.type === 'restore.waiting') noteWaiting(jobs.get(key));
      bus.publish(fact);
    },
    onFailure: (key, error) => {
      void end(key, error);
      needs.onFailure(key, error);
    },
    onDone: (key, output, state) => void end(key, state === 'restored' ? null : failureOf(jobs.get(key), output)),
  });

  async function openAll(job: Job, signal: AbortSignal) {
    job.parts = [];
    Object.assign(job.counters, { files: 0, folders: 0, links: 0 });
    for (const root of job.roots) job.parts.push(await openRoot(job, root, signal));
    const blocks = job.parts.reduce((sum, part) => sum + part.order.length, 0);
    const bytes = job.parts.reduce((sum, part) => sum + part.plan.bytes, 0);
    job.handle.update({ phase: 'restoring', progress: progressOf(job, { blocks, bytes }) });
    return { blocks, resumed: false };
  }

  async function openRoot(job: Job, root: Root, signal: AbortSignal) {
    const plan = await planRestore(catalogue, { version: root.version, path: root.path, signal });
    const target = pipeline.target({
      folder: root.folder,
      task: job.handle.task,
      force: job.force,
      signal: job.life.signal,
    });
    await target.prepare(plan.entries);
    for (const { kind } of plan.entries)
      job.counters[kind === 'file' ? 'files' : kind === 'folder' ? 'folders' : 'links'] += 1;
    return { plan, target, order: readingOrder(plan) };
  }

  async function readOne(job: Job, part: Job['parts'][number], block: BlockId, signal: AbortSignal): Promise<void> {
    const row = await needs.log.block(block);
    const size = row?.size ?? 0;
    try {
      const chunks = part.plan.blocks.get(block) ?? [];
      const read = await readPlannedBlock(source, { block, size, chunks, target: part.target, signal });
      part.plan.blocks.delete(block);
      job.shortage.blocks.delete(block);
      job.counters.blocks += 1;
      job.counters.decoded += read.decoded ? 1 : 0;
      job.counters.fetched += read.fetchedBytes;
      job.counters.restored += read.restoredBytes;
    } catch (error) {
      signal.throwIfAborted();
      if (!noteShortage(job.shortage, block, error)) throw error;
    }
  }

  async function fetchWindow(job: Job, cursor: string | null, signal: AbortSignal): Promise<FetchedWindow> {
    if (cursor === null) {
      job.shortage.blocks.clear();
      job.shortage.suppliers.clear();
      job.parts = job.parts.map((part) => ({ ...part, order: readingOrder(part.plan) }));
    }
    const until = clock.monotonic() + REPORT_MS;
    let taken = 0;
    const next = () => {
      if (taken >= REPORT_BLOCKS || clock.monotonic() > until) return undefined;
      taken += 1;
      for (const part of job.parts) {
        const block = part.order.shift();
        if (block !== undefined) return { part, block };
      }
      return undefined;
    };
    const work = async (): Promise<void> => {
      for (let one = next(); one; one = next()) await readOne(job, one.part, one.block, signal);
    };
    await Promise.all(Array.from({ length: BLOCKS_AT_ONCE }, work));
    const left = job.parts.reduce((sum, part) => sum + part.order.length, 0);
    const total = job.parts.reduce((sum, part) => sum + part.plan.bytes, 0);
    job.handle.update({
      phase: 'restoring',
      progress: progressOf(job, { blocks: left + job.counters.blocks, bytes: total }),
    });
    return {
      cursor: String(left),
      short: job.shortage.blocks.size,
      missed: [...job.shortage.suppliers.keys()],
      damaged: 0,
      done: left === 0,
    };
  }

  function progressOf(job: Job, total: { readonly blocks: number; readonly bytes: number }) {
    const elapsedMs = Math.max(1, clock.now() - job.startedAt);
    const doneBytes = Math.min(job.counters.restored, total.bytes);
    const bytesPerSecond = Math.round((doneBytes * 1_000) / elapsedMs);
    const leftMs = bytesPerSecond > 0 ? Math.round(((total.bytes - doneBytes) / bytesPerSecond) * 1_000) : null;
    return {
      doneBytes,
      totalBytes: total.bytes,
      doneItems: job.counters.blocks,
      totalItems: total.blocks,
      bytesPerSecond,
      leftMs,
      note: null,
    };
  }

  function noteWaiting(job: Job | undefined): void {
    if (!job) return;
    const note = `${job.shortage.blocks.size} blocks wait for suppliers that are not reachable`;
    job.handle.update({
      phase: 'stalled',
      progress: { ...job.handle.view().progress, note },
      error: shortageFailure(job),
    });
  }

  async function end(key: string, error: unknown): Promise<void> {
    const job = jobs.get(key);
    if (!job) return;
    jobs.delete(key);
    if (error === null) return job.handle.finish(resultOf(job));
    job.life.abort(error);
    for (const { target } of job.parts) await target.abandon().catch(() => undefined);
    if (error instanceof BitDustError && error.code === 'CANCELLED') job.handle.cancelled();
    else job.handle.fail(error);
  }

  function resultOf(job: Job) {
    const { files, folders, links, restored, fetched, blocks, decoded } = job.counters;
    return {
      task: job.handle.task,
      to: job.to,
      version: job.roots[0]!.version,
      state: 'restored' as const,
      files,
      folders,
      links,
      bytes: { restored, fetched },
      blocks: { fetched: blocks, decoded },
      suppliers: needs.suppliers.seats().filter(({ state }) => state === 'connected').length,
      resumed: false,
      skipped: [],
      startedAt: job.startedAt,
      durationMs: clock.now() - job.startedAt,
    };
  }

  let unsubscribe: () => void = () => undefined;

  return {
    start() {
      unsubscribe = bus.subscribe(
        ['supplier.connected', 'supplier.disconnected', 'document.in-sync', 'disk.became-low'],
        (fact) => pool.sendAll(fact),
      );
    },
    stop() {
      unsubscribe();
      for (const job of jobs.values()) job.life.abort(new BitDustError('CANCELLED'));
      pool.closeAll();
    },
    async restore({ paths, cwd, at, to, force }) {
      const roots: Root[] = [];
      for (const path of paths) {
        const found = await needs.backups.resolve({ path, cwd, at });
        roots.push({ path: found.path, version: found.version.version, folder: to ?? folderOf(found.path) });
      }
      const outputs = roots.map((root) => `${root.folder === '/' ? '' : root.folder}/${baseName(root.path)}`);
      await refuseExisting(outputs, force);
      const handle: TaskHandle = await tasks.open({
        kind: 'restore',
        title: outputs.join(', '),
        phase: 'planning',
        control: {
          cancel: () => void pool.send(handle.task, { type: 'cancel' }),
          resume: () => void pool.send(handle.task, { type: 'resume' }),
        },
      });
      const job: Job = {
        handle,
        roots,
        to: outputs[0]!,
        force,
        startedAt: clock.now(),
        counters: { files: 0, folders: 0, links: 0, restored: 0, fetched: 0, blocks: 0, decoded: 0 },
        shortage: { blocks: new Map(), suppliers: new Map() },
        life: new AbortController(),
        failure: null,
        parts: [],
      };
      jobs.set(handle.task, job);
      const opened = pool.open(handle.task, { task: handle.task, seed: Math.floor(needs.random.fraction() * 2 ** 31) });
      if (!opened) {
        jobs.delete(handle.task);
        handle.fail(new BitDustError('TASKS_TOO_MANY'));
      }
      return {
        task: handle.task,
        paths: roots.map(({ path }) => new TextDecoder().decode(path)),
        to: job.to,
        version: roots[0]!.version,
      };
    },
  };

  async function refuseExisting(outputs: readonly string[], force: boolean): Promise<void> {
    if (force) return;
    for (const output of outputs) {
      if ((await needs.disk.stat(output)) === undefined) continue;
      throw new BitDustError('RESTORE_EXISTS', `${output} exists already.`, { details: { path: output } });
    }
  }
}

async function remembering<T>(job: Job, run: (job: Job) => Promise<T>): Promise<T> {
  try {
    return await run(job);
  } catch (error) {
    job.failure = error;
    throw error;
  }
}

async function placeAll(job: Job): Promise<void> {
  for (const { plan, target } of job.parts) {
    await target.finishFiles(plan.entries.filter(({ kind }) => kind === 'file'));
    await target.finishTree(plan.entries.filter(({ kind }) => kind !== 'file'));
  }
}

function shortageFailure(job: Job) {
  const blocks = [...job.shortage.blocks].map(([block, { have, k }]) => ({ block, have, k }));
  const suppliers = [...job.shortage.suppliers].map(([device, { seat, since }]) => ({ seat, device, since }));
  const paths = job.roots.map(({ path }) => new TextDecoder().decode(path));
  const { code, message } = new BitDustError('TOO_FEW_PIECES');
  return { code, message, hint: null, details: { blocks, suppliers, paths } };
}

/** The error that ended a task; the machine keeps the sentence or code only. */
function failureOf(job: Job | undefined, output: unknown): unknown {
  const reason = (output as { readonly reason?: string } | undefined)?.reason ?? '';
  if (reason === 'cancelled') return new BitDustError('CANCELLED');
  if (reason === 'disk-low') return new BitDustError('DISK_FULL');
  return job?.failure ?? new BitDustError('RESTORE_FAILED', reason || undefined);
}

function folderOf(path: Uint8Array): string {
  const text = new TextDecoder().decode(path);
  return text.slice(0, text.lastIndexOf('/')) || '/';
}

function baseName(path: Uint8Array): string {
  const text = new TextDecoder().decode(path);
  return text.slice(text.lastIndexOf('/') + 1);
}
