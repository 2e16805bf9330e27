import type { Actor, AnyActorLogic, InspectionEvent, StateValue, Subscription } from 'xstate';
import { CHAPTERS, type Chapter, chapterOf } from '../machines/index.ts';
import { stateText } from '../machines/kit/state-text.ts';
import type { ActorRuntime, Clock } from '../ports/world.ts';
import { SERVICES, type ServiceName } from '../services/index.ts';
import { Ring } from './ring.ts';

/** One transition that was taken. Never payloads: only the type of the event. */
export interface TransitionRecord {
  readonly seq: number;
  /** Ms since 1970. */
  readonly at: number;
  readonly automat: string;
  readonly machine: string;
  readonly event: string;
  readonly from: string | null;
  readonly to: string;
}

/** One running or recently ended machine. */
export interface AutomatView {
  readonly id: string;
  readonly machine: string;
  readonly chapter: Chapter;
  readonly service: ServiceName | null;
  readonly state: string;
  readonly subject: Readonly<Record<string, string | number>>;
  readonly since: number;
  readonly openedAt: number;
  /** Known only while its chapter is watched. */
  readonly lastEvent: string | null;
  readonly transitions: number;
  readonly status: 'active' | 'done' | 'error' | 'stopped';
}

export interface AutomatDetail extends AutomatView {
  readonly context: Readonly<Record<string, unknown>>;
  /** Types of the events that it would take now. */
  readonly next: readonly string[];
  /** Ids of the ports and machines that it has running. */
  readonly children: readonly string[];
  readonly recent: readonly TransitionRecord[];
}

/** Watches machines without touching them: what runs is always known, every transition is recorded in the chapters that are watched. */
export interface Inspector {
  /** Records the transitions of these chapters until the returned function is called. */
  watch(chapters?: readonly Chapter[]): () => void;
  isWatched(chapter: Chapter): boolean;
  onTransition(listener: (record: TransitionRecord) => void): () => void;
  automats(): readonly AutomatView[];
  automat(id: string): AutomatDetail | undefined;
  /** The newest records, oldest first. */
  records(): readonly TransitionRecord[];
  /** Called for every actor before it starts. */
  opened(machine: string, id: string, actor: Actor<AnyActorLogic>): void;
}

interface Entry {
  view: { -readonly [K in keyof AutomatView]: AutomatView[K] };
  readonly actor: Actor<AnyActorLogic>;
  inspection: Subscription | undefined;
}

type MachineSnapshot = {
  readonly status: AutomatView['status'];
  readonly value: StateValue;
  readonly context: Readonly<Record<string, unknown>>;
  readonly children: Readonly<Record<string, unknown>>;
  readonly _nodes: readonly { readonly ownEvents: readonly string[] }[];
};

const RECORDS_KEPT = 20_000;
const ENDED_KEPT = 256;
const RECENT_SHOWN = 50;
/** Names of the ids in contexts that say what an automat is about. */
const SUBJECT_KEYS = [
  'service',
  'store',
  'transport',
  'peer',
  'record',
  'name',
  'seat',
  'supplier',
  'customer',
  'owner',
];
const MORE_SUBJECT_KEYS = ['person', 'device', 'task', 'set', 'block', 'version', 'document'];

/** `now` is the wall clock; `nextSeq` numbers the records, one row together with the facts of the event stream. */
export function createInspector(options: { readonly now: () => number; readonly nextSeq: () => number }): Inspector {
  const { now, nextSeq } = options;
  const entries = new Map<string, Entry>();
  const ended: string[] = [];
  const records = new Ring<TransitionRecord>(RECORDS_KEPT);
  const listeners = new Set<(record: TransitionRecord) => void>();
  const watchers = new Map<Chapter, number>();

  const isWatched = (chapter: Chapter): boolean => (watchers.get(chapter) ?? 0) > 0;

  function note(entry: Entry, event: string, from: string | null, to: string): void {
    const { view } = entry;
    const at = now();
    Object.assign(view, {
      state: to,
      since: at,
      lastEvent: event,
      transitions: view.transitions + (from === null ? 0 : 1),
    });
    const record = { seq: nextSeq(), at, automat: view.id, machine: view.machine, event, from, to };
    records.push(record);
    for (const listener of listeners) listener(record);
  }

  function inspect(entry: Entry): void {
    if (entry.inspection || entry.view.status !== 'active') return;
    entry.inspection = entry.actor.system.inspect((event: InspectionEvent) => {
      if (event.type !== '@xstate.microstep' || event.actorRef !== entry.actor) return;
      const to = stateText((event.snapshot as unknown as MachineSnapshot).value);
      const entered = event._transitions.some((transition) => transition.target?.length);
      if (to !== entry.view.state || entered) note(entry, event.event.type, entry.view.state, to);
    });
  }

  function follow(entry: Entry): void {
    const { view, actor } = entry;
    const end = (status: AutomatView['status']) => {
      view.status = status;
      entry.inspection?.unsubscribe();
      entry.inspection = undefined;
      ended.push(view.id);
      for (const id of ended.splice(0, Math.max(0, ended.length - ENDED_KEPT))) {
        if (entries.get(id)?.view.status !== 'active') entries.delete(id);
      }
    };
    actor.subscribe({
      next: (snapshot) => {
        const to = stateText((snapshot as unknown as MachineSnapshot).value);
        if (entry.inspection || to === view.state) return;
        Object.assign(view, { state: to, since: now(), lastEvent: null, transitions: view.transitions + 1 });
      },
      complete: () => {
        const { status } = actor.getSnapshot() as MachineSnapshot;
        end(status === 'active' ? 'stopped' : status);
      },
      error: () => end('error'),
    });
  }

  return {
    isWatched,
    watch(chapters = CHAPTERS) {
      for (const chapter of chapters) watchers.set(chapter, (watchers.get(chapter) ?? 0) + 1);
      for (const entry of entries.values()) if (isWatched(entry.view.chapter)) inspect(entry);
      let released = false;
      return () => {
        if (released) return;
        released = true;
        for (const chapter of chapters) watchers.set(chapter, (watchers.get(chapter) ?? 1) - 1);
        for (const entry of entries.values()) {
          if (isWatched(entry.view.chapter)) continue;
          entry.inspection?.unsubscribe();
          entry.inspection = undefined;
        }
      };
    },
    onTransition(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    automats: () => [...entries.values()].map(({ view }) => ({ ...view })),
    automat(id) {
      const entry = entries.get(id);
      return entry && detailOf(entry, records.toArray());
    },
    records: () => records.toArray(),
    opened(machine, id, actor) {
      const entry: Entry = { view: firstView(machine, id, actor, now()), actor, inspection: undefined };
      entries.set(id, entry);
      follow(entry);
      if (!isWatched(entry.view.chapter)) return;
      note(entry, 'xstate.init', null, entry.view.state);
      inspect(entry);
    },
  };
}

/** What every actor of the node is created with. */
export function createRuntime(options: { readonly clock: Clock; readonly inspector: Inspector }): ActorRuntime {
  const { clock, inspector } = options;
  return {
    clock: {
      setTimeout: (fire, delayMs) => clock.setTimeout(fire, delayMs),
      clearTimeout: (timer) => clock.clearTimeout(timer),
    },
    opened: (machine, id, actor) => inspector.opened(machine, id, actor),
  };
}

function firstView(machine: string, id: string, actor: Actor<AnyActorLogic>, at: number): Entry['view'] {
  const snapshot = actor.getSnapshot() as MachineSnapshot;
  const chapter = chapterOf(machine);
  return {
    id,
    machine,
    chapter,
    service: SERVICES.find((row) => row.wiring.includes(`${chapter}/${machine}`))?.name ?? null,
    state: stateText(snapshot.value),
    subject: subjectOf(snapshot.context),
    since: at,
    openedAt: at,
    lastEvent: null,
    transitions: 0,
    status: 'active',
  };
}

function subjectOf(context: Readonly<Record<string, unknown>>): AutomatView['subject'] {
  const subject: Record<string, string | number> = {};
  for (const key of [...SUBJECT_KEYS, ...MORE_SUBJECT_KEYS]) {
    const value = context[key];
    if (typeof value === 'string' || typeof value === 'number') subject[key] = value;
  }
  return subject;
}

function detailOf(entry: Entry, records: readonly TransitionRecord[]): AutomatDetail {
  const snapshot = entry.actor.getSnapshot() as MachineSnapshot;
  const next = new Set(snapshot._nodes.flatMap((node) => node.ownEvents));
  return {
    ...entry.view,
    context: snapshot.context,
    next: [...next].filter((type) => !type.startsWith('xstate.')).sort(),
    children: Object.keys(snapshot.children).sort(),
    recent: records.filter((record) => record.automat === entry.view.id).slice(-RECENT_SHOWN),
  };
}
