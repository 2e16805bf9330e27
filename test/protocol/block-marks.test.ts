import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { buriedAtOf, orderOf, removalsOf, standingOf } from '../../protocol/block-marks.ts';
import { blockIdOf, decodeBlockRecord } from '../../protocol/block-record.ts';
import type { LogEntry } from '../../protocol/log-entry.ts';
import { compareStamps, type LogPlace, logKey, precedes } from '../../protocol/log-place.ts';
import { decodeRow, encodeRow } from '../../protocol/log-rows.ts';
import { applyEffect, EMPTY_LOG_STATE, effectsOf, type LogState, reduceLog } from '../../protocol/log-state.ts';
import { ERASE_AFTER_MS, mayErase } from '../../protocol/order-rules.ts';
import { LogWriter, recordOf } from '../support/log-writer.ts';

const RECORDS = [recordOf(1), recordOf(2), recordOf(3)];
const IDS = RECORDS.map((record) => blockIdOf(decodeBlockRecord(record)));

type Step = {
  readonly writer: number;
  readonly what: 'open' | 'commit' | 'abandon' | 'bury' | 'keep' | 'erased' | 'look';
  readonly block: number;
};

const steps = fc.array(
  fc.record<Step>({
    writer: fc.nat(2),
    what: fc.constantFrom('open', 'commit', 'abandon', 'bury', 'keep', 'erased', 'look'),
    block: fc.nat(2),
  }),
  { maxLength: 40 },
);

/** Plays the steps: each writer knows only what it looked at, and says so in `seen`. */
function write(plan: readonly Step[]): readonly LogEntry[] {
  const writers = [
    new LogWriter({ device: 10, log: 1 }),
    new LogWriter({ device: 10, log: 2 }),
    new LogWriter({ device: 11, log: 3 }),
  ];
  const seen: Map<string, LogPlace>[] = writers.map(() => new Map());
  const entries: LogEntry[] = [];
  for (const { writer: index, what, block } of plan) {
    const writer = writers[index]!;
    const known = seen[index]!;
    if (what === 'look') {
      for (const other of writers) if (other !== writer && other.head.seq > 0) known.set(logKey(other), other.head);
      continue;
    }
    const places = [...known.values()].map(({ device, log, seq }) => ({ device, log, seq }));
    const content =
      what === 'open'
        ? ({ kind: 'open', body: { upload: '00'.repeat(16), records: [RECORDS[block]!] } } as const)
        : ({ kind: what, body: { blocks: [IDS[block]!] } } as const);
    entries.push(writer.write(content, { seen: places }));
  }
  return entries;
}

/** Any mixing of the logs that keeps each log's own order. */
function mixed(entries: readonly LogEntry[], picks: readonly number[]): readonly LogEntry[] {
  const queues = [...Map.groupBy(entries, logKey).values()].map((log) => [...log]);
  const out: LogEntry[] = [];
  for (let i = 0; queues.some((queue) => queue.length > 0); i += 1) {
    const filled = queues.filter((queue) => queue.length > 0);
    out.push(filled[(picks[i % Math.max(1, picks.length)] ?? 0) % filled.length]!.shift()!);
  }
  return out;
}

function standings(state: LogState) {
  return IDS.map((id) => {
    const block = state.blocks.get(id);
    if (block === undefined) return null;
    return {
      standing: standingOf(block.marks),
      order: orderOf(block.marks),
      removals: removalsOf(block.marks).map(({ sawAt: _, ...place }) => place),
      shape: block.shape,
    };
  });
}

test('however the logs arrive, everybody comes to the same state', () => {
  fc.assert(
    fc.property(steps, fc.array(fc.nat(7), { minLength: 1, maxLength: 60 }), (plan, picks) => {
      const entries = write(plan);
      assert.deepEqual(standings(reduceLog(mixed(entries, picks), 0)), standings(reduceLog(entries, 0)));
    }),
    { numRuns: 300 },
  );
});

/** The model: all entries are kept and judged at once, by the words of the rule. */
function modelStanding(entries: readonly LogEntry[], id: string): string {
  const of = (kind: string) =>
    entries.filter(
      (entry) =>
        entry.content?.kind === kind &&
        (entry.content.kind === 'open'
          ? entry.content.body.records.some((record) => blockIdOf(decodeBlockRecord(record)) === id)
          : (entry.content.body as { blocks: readonly string[] }).blocks.includes(id)),
    );
  const [opens, commits, keeps, buries] = [of('open'), of('commit'), of('keep'), of('bury')];
  if (opens.length === 0) return 'unknown';
  const abandoned = of('abandon').some(
    (abandon) =>
      opens.some((open) => open.device === abandon.device && precedes(open, abandon)) &&
      commits.every((commit) => precedes(abandon, commit)),
  );
  if (abandoned) return 'abandoned';
  const live = buries.filter((bury) => keeps.every((keep) => precedes(keep, bury)));
  if (live.length === 0) return commits.length > 0 ? 'committed' : 'open';
  const newest = (log: LogEntry) =>
    live.filter((bury) => logKey(bury) === logKey(log)).every((bury) => bury.seq <= log.seq);
  const told = of('erased').filter((erased) => keeps.every((keep) => precedes(keep, erased)));
  return told.some((erased) => live.filter(newest).some((bury) => precedes(bury, erased))) ? 'erased' : 'buried';
}

test('the reducer says what a model says that keeps every entry', () => {
  fc.assert(
    fc.property(steps, (plan) => {
      const entries = write(plan);
      const state = reduceLog(entries, 0);
      for (const id of IDS) {
        const marks = state.blocks.get(id)?.marks;
        const model = modelStanding(entries, id);
        assert.equal(marks === undefined ? 'unknown' : standingOf(marks), model);
      }
    }),
    { numRuns: 300 },
  );
});

function hasLiveBurial(entries: readonly LogEntry[], id: string): boolean {
  const of = (kind: string) =>
    entries.filter(
      ({ content }) => content?.kind === kind && (content.body as { blocks?: readonly string[] }).blocks?.includes(id),
    );
  return of('bury').some((bury) => of('keep').every((keep) => precedes(keep, bury)));
}

test('nothing is erased before thirty days by the clock of the holder, whatever arrives when', () => {
  const waits = fc.array(fc.integer({ min: 0, max: 40 * 86_400_000 }), { minLength: 40, maxLength: 40 });
  fc.assert(
    fc.property(steps, fc.array(fc.nat(7), { minLength: 1, maxLength: 60 }), waits, (plan, picks, gaps) => {
      const entries = mixed(write(plan), picks);
      let now = 1_000_000;
      let state = EMPTY_LOG_STATE;
      const sawBury = new Map<string, number>();
      entries.forEach((entry, i) => {
        now += gaps[i % gaps.length]!;
        for (const effect of effectsOf(entry, now)) state = applyEffect(state, effect);
        for (const id of IDS) {
          const marks = state.blocks.get(id)?.marks;
          const standing = marks === undefined ? 'unknown' : standingOf(marks);
          if (!hasLiveBurial(entries.slice(0, i + 1), id)) sawBury.delete(id);
          else if (!sawBury.has(id)) sawBury.set(id, now);
          if (marks === undefined) continue;
          const verdict = mayErase({ standing, buriedAt: buriedAtOf(marks) }, { now, forked: false });
          if (verdict === 'trash' && standing !== 'abandoned') assert.ok(now - sawBury.get(id)! >= ERASE_AFTER_MS);
          if (standing === 'committed') assert.equal(verdict, 'kept');
        }
      });
    }),
    { numRuns: 300 },
  );
});

test('a keep cancels a burial its writer may not have known, and a later burial begins anew', () => {
  const a = new LogWriter({ device: 10, log: 1 });
  const b = new LogWriter({ device: 11, log: 2 });
  const [id] = IDS;
  const say = (writer: LogWriter, kind: 'bury' | 'keep' | 'commit', seen: readonly LogPlace[] = []) =>
    writer.write({ kind, body: { blocks: [id!] } }, { seen });
  const open = a.write({ kind: 'open', body: { upload: '00'.repeat(16), records: [RECORDS[0]!] } });
  const bury = say(a, 'bury');
  const keep = say(b, 'keep');
  const again = say(a, 'bury', [keep]);
  const at = (state: LogState) => state.blocks.get(id!)!.marks;
  let state = reduceLog([open, bury], 100);
  assert.equal(standingOf(at(state)), 'buried');
  state = reduceLog([keep], 200, state);
  assert.equal(standingOf(at(state)), 'open');
  state = reduceLog([again], 300, state);
  assert.equal(standingOf(at(state)), 'buried');
  assert.equal(buriedAtOf(at(state)), 300);
});

test('a burial repeated while it stands does not start the thirty days again', () => {
  const a = new LogWriter();
  const open = a.write({ kind: 'open', body: { upload: '00'.repeat(16), records: [RECORDS[0]!] } });
  const first = a.write({ kind: 'bury', body: { blocks: [IDS[0]!] } });
  const second = a.write({ kind: 'bury', body: { blocks: [IDS[0]!] } });
  const state = reduceLog([second], 500, reduceLog([open, first], 100));
  assert.equal(buriedAtOf(state.blocks.get(IDS[0]!)!.marks), 100);
});

test('only the device that opened a block abandons it, and never after a commit', () => {
  const a = new LogWriter({ device: 10, log: 1 });
  const b = new LogWriter({ device: 11, log: 2 });
  const entries = [
    a.write({ kind: 'open', body: { upload: '00'.repeat(16), records: RECORDS } }),
    a.write({ kind: 'commit', body: { blocks: [IDS[0]!] } }),
    a.write({ kind: 'abandon', body: { blocks: [IDS[0]!, IDS[1]!] } }),
    b.write({ kind: 'abandon', body: { blocks: [IDS[2]!] } }, { seen: [a.head] }),
  ];
  const state = reduceLog(entries, 0);
  assert.deepEqual(
    IDS.map((id) => standingOf(state.blocks.get(id)!.marks)),
    ['committed', 'abandoned', 'open'],
  );
});

test('the order of entries is total and never puts one before what its writer had seen', () => {
  fc.assert(
    fc.property(steps, (plan) => {
      const entries = write(plan);
      const sorted = entries.toSorted(compareStamps);
      sorted.forEach((later, i) => {
        for (const earlier of sorted.slice(i + 1)) assert.ok(!precedes(earlier, later));
      });
    }),
    { numRuns: 100 },
  );
});

test('a row of the state comes back as it was, with and without times', () => {
  fc.assert(
    fc.property(steps, (plan) => {
      const state = reduceLog(write(plan), 77);
      for (const [block, value] of state.blocks) {
        const row = { on: 'block', block, state: value } as const;
        assert.deepEqual(decodeRow(encodeRow(row, { times: true }), { sawAt: 5 }), row);
        const bare = encodeRow(row, { times: false });
        assert.deepEqual(encodeRow(decodeRow(bare, { sawAt: 5 }), { times: false }), bare);
      }
    }),
    { numRuns: 100 },
  );
});
