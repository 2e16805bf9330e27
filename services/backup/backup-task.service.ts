import type { Bus } from '../../bus/bus.ts';
import { type BackupTaskPorts, backupTaskWith, type StoredBatch } from '../../machines/backup/backup-task.machine.ts';
import { stateText } from '../../machines/kit/state-text.ts';
import type { Self } from '../../ports/identity.ts';
import type { Pipeline } from '../../ports/pipeline.ts';
import type { Suppliers } from '../../ports/suppliers.ts';
import type { TaskTable } from '../../ports/tasks.ts';
import type { ActorRuntime, Clock, Random } from '../../ports/world.ts';
import { BitDustError, isBitDustError } from '../../protocol/errors.ts';
import { toHex } from '../../protocol/hash.ts';
import type { BlockId } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { ActorPool } from '../kit/actor-pool.ts';
import type { Service } from '../kit/service.ts';
import { freshCounters, runBackup } from './backup-run.ts';
import { namesOf, pathOf, textOf } from './catalogue/paths.ts';
import { type CommitNeeds, commitBlocks, enterVersion, weighBlocks } from './commit-version.ts';
import type { Journal, TaskRow } from './journal.ts';
import type { Lanes } from './lane-types.ts';
import type { BlockPlacer } from './place-blocks.ts';
import { freshState, progressOf, type Run, resultOf, type TaskState } from './task-state.ts';

export interface BackupTasksNeeds extends CommitNeeds {
  readonly bus: Bus;
  readonly runtime: ActorRuntime;
  readonly clock: Clock;
  readonly random: Random;
  readonly self: Pick<Self, 'secrets'>;
  readonly pipeline: Pipeline;
  readonly suppliers: Suppliers;
  readonly lanes: Lanes;
  readonly journal: Journal;
  readonly placer: BlockPlacer;
  readonly tasks: TaskTable;
  readonly onFailure: (key: string, error: unknown) => void;
}

export type BackupPhase = 'scanning' | 'storing' | 'settling' | 'committing' | 'stalled';

/** Backups under way. */
export interface BackupTasks extends Service {
  /** Begins a backup of a set, or joins the running one. */
  begin(set: string, paths: readonly Uint8Array[]): Promise<{ readonly task: string; readonly state: BackupPhase }>;
  /** Bytes of a block were given to a transport. */
  countSent(block: BlockId, bytes: number): void;
  /** Pieces of a block were staged for the first time. */
  countPlaced(task: string, block: BlockId): void;
}

const REPORT_MS = 1_000;
const REPORT_BLOCKS = 64;
const STUCK_MS = 15_000;
const BLOCKS_FOLLOWED_MAX = 4_096;
const SAFE_FOLLOWED_MAX = 16;

/** Wires `backup-task` to pipeline, lanes, log and catalogue. Tasks survive a restart: they are records, and begin again where their blocks stand. */
export function createBackupTasks(needs: BackupTasksNeeds): BackupTasks {
  const { bus, clock, tasks, journal, catalogue, health, lanes, placer, pipeline } = needs;
  const states = new Map<string, TaskState>();
  const waiting: string[] = [];
  const taskOfBlock = new Map<BlockId, string>();
  const unsafe: TaskState[] = [];
  const endings: (() => void)[] = [];
  const stopping = new AbortController();

  function stateOf(task: string): TaskState {
    const state = states.get(task);
    if (state === undefined) throw new BitDustError('TASK_NOT_FOUND');
    return state;
  }

  /** Resolves after so long, or at once when the signal fires. */
  function pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = clock.setTimeout(resolve, ms);
      const stop = () => {
        clock.clearTimeout(timer);
        resolve();
      };
      signal.addEventListener('abort', stop, { once: true });
    });
  }

  async function targetOf(set: string): Promise<{ readonly k: number | null; readonly n: number }> {
    const settings = (await catalogue.namedSets()).find(({ name }) => name === set);
    if (settings?.n === null || settings?.n === undefined) return needs.suppliers.target();
    return { k: settings.k, n: settings.n };
  }

  async function startRun(state: TaskState): Promise<Run | undefined> {
    const target = await targetOf(state.row.set);
    const geometry = placer.geometryNow(target);
    if (geometry === undefined) return undefined;
    const controller = new AbortController();
    const { signal } = controller;
    const counters = freshCounters();
    const isGeometryStill = () => {
      const now = placer.geometryNow(target);
      return now !== undefined && now.k === geometry.k && now.n === geometry.n;
    };
    const run: Run = {
      ...{ controller, counters, reported: state.placedBlocks, state: 'running', result: null, error: null },
      ended: Promise.resolve(),
    };
    const work = async () => {
      if (!state.isIntentsResumed) await placer.resume((name) => name === state.row.task, signal);
      state.isIntentsResumed = true;
      run.result = await runBackup(needs, { task: state.row, geometry, isGeometryStill, counters, signal });
    };
    run.ended = work().then(
      () => {
        run.state = 'done';
      },
      (error: unknown) => {
        run.state = 'failed';
        run.error = error;
      },
    );
    return run;
  }

  function stuckReason(state: TaskState): string | null {
    if (!lanes.isStuck()) {
      state.stuckSince = null;
      return null;
    }
    state.stuckSince ??= clock.monotonic();
    return clock.monotonic() - state.stuckSince >= STUCK_MS ? 'too-few-suppliers' : null;
  }

  function report(state: TaskState, noRoom: string | null): StoredBatch {
    const { run } = state;
    const blocks = state.placedBlocks - (run?.reported ?? state.placedBlocks);
    if (run !== null) run.reported = state.placedBlocks;
    const owed = lanes.seats().reduce((sum, seat) => sum + lanes.left(seat), 0);
    const done = run?.state === 'done' && noRoom === null;
    return { cursor: String(state.placedBlocks), blocks, owed, noRoom, done };
  }

  /** The pass goes on in the background; this reports once a second or 64 blocks. */
  async function storeBlocks({ task }: { task: string }, signal: AbortSignal): Promise<StoredBatch> {
    const state = stateOf(task);
    state.run ??= (await startRun(state)) ?? null;
    const { run } = state;
    if (run === null) return report(state, 'no-suppliers');
    const until = clock.monotonic() + REPORT_MS;
    while (run.state === 'running' && !signal.aborted) {
      const left = until - clock.monotonic();
      if (left <= 0 || state.placedBlocks - run.reported >= REPORT_BLOCKS) break;
      await Promise.race([run.ended, pause(Math.min(left, 100), signal)]);
    }
    update(state, null);
    if (run.state === 'failed') {
      state.run = null;
      run.controller.abort(run.error);
      // The seats are others now: the next pass lays its blocks over them.
      if (!isBitDustError(run.error, 'SUPPLIERS_TOO_FEW')) throw run.error;
      return report(state, (await startable(state)) ? null : 'no-suppliers');
    }
    return report(state, run.state === 'done' ? null : stuckReason(state));
  }

  async function startable(state: TaskState): Promise<boolean> {
    return placer.geometryNow(await targetOf(state.row.set)) !== undefined;
  }

  const ports: BackupTaskPorts = {
    async scanSource({ task }, signal) {
      const state = stateOf(task);
      const totals = { files: 0, bytes: 0 };
      for (const path of state.row.paths) {
        const root = textOf(pathOf(namesOf(path)));
        for await (const { entries } of pipeline.scan({ root, now: clock.now(), signal })) {
          for (const { kind, size } of entries) {
            if (kind !== 'file') continue;
            totals.files += 1;
            totals.bytes += size;
          }
        }
      }
      const before = await catalogue.opened.read();
      const last = before.versions.findLast(({ entry }) => entry.set === state.row.set);
      state.filesBefore = last !== undefined && last.version !== state.row.version ? last.entry.files : 0;
      state.totals = totals;
      update(state, null);
      return { ...totals, unchanged: 0 };
    },
    storeBlocks,
    async weighVersion({ task }) {
      const result = stateOf(task).run?.result;
      // A pass that was given up after a restart is made again by the commit.
      return result ? weighBlocks(needs, result.blocks) : { belowK: 0, belowMark: 0 };
    },
    async enterVersion({ task }) {
      const state = stateOf(task);
      return { version: await enter(state), again: false };
    },
    async commitVersion({ task }, signal) {
      const state = stateOf(task);
      const result = state.run?.result;
      const isGone = !result || (await commitBlocks(needs, result.blocks, signal)) === 'again';
      if (isGone) {
        await putRow(state, { ...state.row, version: null, tree: null });
        state.run = null;
        return { version: '', again: true };
      }
      const before = state.row.version;
      const version = await enter(state);
      if (version !== before) await commitBlocks(needs, result.blocks, signal);
      state.stored = { version, blocks: result.blocks };
      return { version, again: false };
    },
  };

  async function putRow(state: TaskState, row: TaskRow): Promise<void> {
    state.row = row;
    await journal.putTask(row);
  }

  /** Writes the version entry, once. */
  async function enter(state: TaskState): Promise<string> {
    const { row, run } = state;
    const tree = toHex(run!.result!.tree.chunk);
    // After a restart the sources may be others: then what was entered is another version.
    if (row.version !== null && row.tree === tree) return row.version;
    const { files, sourceBytes } = run!.counters;
    const options = { set: row.set, at: row.startedAt, result: run!.result!, files, bytes: sourceBytes };
    const version = await enterVersion(needs, options);
    await putRow(state, { ...row, version, tree });
    return version;
  }

  function phaseOf(task: string): BackupPhase {
    const value = pool.get(task)?.getSnapshot().value;
    const phase = value === undefined ? 'scanning' : stateText(value).split('.')[0];
    return phase === 'paused' ? 'stalled' : ((phase ?? 'scanning') as BackupPhase);
  }

  function update(state: TaskState, note: string | null): void {
    const progress = progressOf(state, clock.monotonic(), note);
    state.handle.update({ phase: phaseOf(state.row.task), progress });
  }

  const pool = new ActorPool({
    machine: backupTaskWith(ports),
    runtime: needs.runtime,
    actorsMax: LIMITS.backupTasksMax.value,
    onEmit: (fact) => {
      const state = states.get(fact.task);
      if (fact.type === 'backup.stalled' && state !== undefined) stalled(state, fact.reason);
      else if (fact.type !== 'backup.failed' && state !== undefined) state.handle.update({ error: null });
      if (fact.type !== 'backup.stored') bus.publish(fact);
    },
    onFailure: (task, error) => {
      void end(task, error);
      needs.onFailure(task, error);
    },
    onDone: (task, output, phase) => void finish(task, phase, output as { readonly reason: string }),
  });

  function stalled(state: TaskState, reason: string): void {
    update(state, reason);
    const error = new BitDustError('BACKUP_STALLED');
    const details = { state: state.row.version === null ? null : 'thin', reason, version: state.row.version };
    state.handle.update({ error: { code: error.code, message: error.message, hint: null, details } });
  }

  async function end(task: string, error: unknown): Promise<void> {
    const state = states.get(task);
    states.delete(task);
    state?.run?.controller.abort(error);
    await journal.removeTask(task);
    openNext();
    if (state === undefined) return;
    if (error === 'cancelled') {
      await placer.giveUp(task);
      state.handle.cancelled();
    } else state.handle.fail(error);
  }

  async function finish(task: string, phase: string, output: { readonly reason: string }): Promise<void> {
    const state = states.get(task);
    if (phase !== 'stored' || state?.stored == null) {
      await end(task, output.reason === 'cancelled' ? 'cancelled' : failureOf(output.reason));
      return;
    }
    const { version, blocks } = state.stored;
    await journal.removeTask(task);
    states.delete(task);
    const safety = await health.safetyOf(blocks);
    const isSafe = safety === 'safe';
    const result = resultOf(state, {
      ...{ version, safety, total: blocks.length, now: clock.now() },
      state: isSafe ? 'safe' : 'stored',
    });
    state.handle.finish({ ...result });
    if (!isSafe) unsafe.push(state);
    if (unsafe.length > SAFE_FOLLOWED_MAX) unsafe.shift();
    bus.publish({ type: 'backup.stored', task, set: state.row.set, version });
    openNext();
  }

  /** Stored versions become safe when the last pieces are there. */
  async function lookSafe(): Promise<void> {
    for (const state of [...unsafe]) {
      if ((await health.safetyOf(state.stored!.blocks)) !== 'safe') continue;
      unsafe.splice(unsafe.indexOf(state), 1);
      const result = state.handle.view().result;
      state.handle.update({ result: { ...result, state: 'safe', safety: 'safe' } });
    }
  }

  function openNext(): void {
    for (const task of waiting.splice(0)) if (states.has(task)) openActor(task);
  }

  function openActor(task: string): void {
    const { set } = stateOf(task).row;
    const seed = Math.floor(needs.random.fraction() * 2 ** 31);
    if (pool.open(task, { task, set, cursor: null, seed }) === undefined) waiting.push(task);
  }

  function cancel(task: string): Promise<void> {
    const index = waiting.indexOf(task);
    if (index >= 0) waiting.splice(index, 1);
    states.get(task)?.run?.controller.abort(new BitDustError('CANCELLED'));
    if (!pool.send(task, { type: 'cancel' })) return end(task, 'cancelled');
    return Promise.resolve();
  }

  async function open(row: TaskRow | Omit<TaskRow, 'task'>, isResumed: boolean): Promise<TaskState> {
    let name = 'task' in row ? row.task : '';
    const handle = await tasks.open({
      ...{ kind: 'backup', title: row.set, phase: 'scanning', startedAt: row.startedAt },
      ...(isResumed ? { task: name } : {}),
      control: { cancel: () => cancel(name), resume: () => void pool.send(name, { type: 'resume' }) },
    });
    name = handle.task;
    const state = freshState({ ...row, task: name }, handle, { isResumed });
    states.set(name, state);
    await journal.putTask(state.row);
    openActor(name);
    return state;
  }

  return {
    async start() {
      endings.push(
        bus.subscribe(
          ['pieces.delivered', 'suppliers.changed', 'log.in-sync', 'disk.became-low', 'disk.recovered'],
          (fact) => pool.sendAll(fact),
        ),
        bus.subscribe(['disk.became-low'], () => {
          for (const { run } of states.values()) run?.controller.abort(new BitDustError('DISK_FULL'));
        }),
        bus.subscribe(['pieces.delivered', 'block.repaired', 'version.became-safe'], () => void lookSafe()),
      );
      for (const row of await journal.tasks()) await open(row, true);
      const running = new Set(states.keys());
      // Of ended tasks some last pieces may be owed still; their blocks are made again while the sources are the same.
      void placer
        .resume((task) => !running.has(task) && !states.has(task), stopping.signal)
        .catch((error: unknown) => {
          if (!stopping.signal.aborted) needs.onFailure('owed', error);
        });
    },
    async stop() {
      stopping.abort(new BitDustError('CANCELLED'));
      for (const stop of endings.splice(0)) stop();
      const runs = [...states.values()].flatMap(({ run }) => (run === null ? [] : [run]));
      for (const run of runs) run.controller.abort(new BitDustError('CANCELLED'));
      pool.closeAll();
      await Promise.all(runs.map((run) => run.ended));
    },
    async begin(set, paths) {
      const running = [...states.values()].find(({ row }) => row.set === set);
      if (running !== undefined) return { task: running.row.task, state: phaseOf(running.row.task) };
      const upload = toHex(needs.random.bytes(16));
      const state = await open({ set, paths, startedAt: clock.now(), upload, version: null, tree: null }, false);
      return { task: state.row.task, state: phaseOf(state.row.task) };
    },
    countSent(block, bytes) {
      const state = states.get(taskOfBlock.get(block) ?? '');
      if (state !== undefined) state.sentBytes += bytes;
    },
    countPlaced(task, block) {
      const state = states.get(task);
      if (state !== undefined) state.placedBlocks += 1;
      taskOfBlock.set(block, task);
      if (taskOfBlock.size > BLOCKS_FOLLOWED_MAX) taskOfBlock.delete(taskOfBlock.keys().next().value!);
    },
  };
}

function failureOf(reason: string): unknown {
  if (reason === 'scan-timeout') return new BitDustError('SOURCE_UNREADABLE', 'The folder gave no answer in time.');
  return new BitDustError('SOURCE_UNREADABLE', reason);
}
