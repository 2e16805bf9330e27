export type TaskKind = 'backup' | 'restore' | 'verify' | 'rebuild-catalogue' | 'replace';
export type TaskState = 'running' | 'done' | 'failed' | 'cancelled';

/** How far a task is. Unknown totals are null. */
export interface TaskProgress {
  readonly doneBytes: number;
  readonly totalBytes: number | null;
  readonly doneItems: number;
  readonly totalItems: number | null;
  readonly bytesPerSecond: number | null;
  readonly leftMs: number | null;
  /** What it waits for, or what else a person should know. */
  readonly note: string | null;
}

/** A failure as people and programs are told it. */
export interface TaskFailure {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Long work, as `bitdust tasks` shows it. Times in ms since 1970; a result has the shape of the command's answer, with times as ms. */
export interface TaskView {
  readonly task: string;
  readonly kind: TaskKind;
  readonly title: string;
  readonly state: TaskState;
  /** A word for the step it is in: `scanning`, `storing`, `stalled`. */
  readonly phase: string;
  readonly progress: TaskProgress;
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** There once the work is done; of a backup it is there when stored, and changes when safe. */
  readonly result: Readonly<Record<string, unknown>> | null;
  readonly error: TaskFailure | null;
}

/** All long work of the node, to be watched and cancelled. */
export interface Tasks {
  /** Running tasks, and those that ended lately; oldest first. */
  list(): readonly TaskView[];
  get(task: string): TaskView | undefined;
  /** Calls with each change of the task. Returns the function that ends it. */
  watch(task: string, listener: (view: TaskView) => void): () => void;
  /** Cancels a running task and gives its last state; `TASK_NOT_FOUND`. What it has stored stays. */
  cancel(task: string): Promise<TaskView>;
  /** Makes a stalled or paused task go on at once; `TASK_NOT_FOUND`. */
  resume(task: string): Promise<TaskView>;
}

/** What the owner of a task lets others do with it. */
export interface TaskControl {
  cancel(): void | Promise<void>;
  resume?(): void | Promise<void>;
}

/** One task in the hands of the service that does the work. */
export interface TaskHandle {
  readonly task: string;
  view(): TaskView;
  update(change: Partial<Pick<TaskView, 'phase' | 'progress' | 'result' | 'title' | 'error'>>): void;
  finish(result: Readonly<Record<string, unknown>>): void;
  /** An error of the catalogue keeps its code; any other is `INTERNAL`. */
  fail(error: unknown): void;
  cancelled(): void;
}

/** The table that services put their tasks into. */
export interface TaskTable extends Tasks {
  /** Enters a new task; with `task` one that goes on after a restart keeps its name. */
  open(options: {
    readonly kind: TaskKind;
    readonly title: string;
    readonly phase: string;
    readonly control: TaskControl;
    readonly task?: string;
    readonly startedAt?: number;
  }): Promise<TaskHandle>;
}
