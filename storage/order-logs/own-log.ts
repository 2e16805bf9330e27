import type { LogDraft, OwnLog } from '../../ports/order-logs.ts';
import type { Signer } from '../../ports/signer.ts';
import { toHex } from '../../protocol/hash.ts';
import type { DeviceId, LogId, PersonId } from '../../protocol/ids.ts';
import type { LogContent } from '../../protocol/log-content.ts';
import { type LogEntry, makeLogEntry } from '../../protocol/log-entry.ts';
import { logKey } from '../../protocol/log-place.ts';
import { checkpointParts } from './checkpoint-parts.ts';
import { keysOf } from './keys.ts';
import { loadMemory } from './log-memory.ts';
import { type Change, type LogWorld, StoredLog } from './stored-log.ts';

/** Who writes. */
export interface LogAuthor {
  readonly person: PersonId;
  readonly device: DeviceId;
  readonly signer: Signer;
  revision(): number;
}

/** The owner's own logs, of which one is written by this device. */
export class OwnStoredLog extends StoredLog implements OwnLog {
  readonly #author: LogAuthor;
  readonly #freshLog: () => LogId;

  private constructor(
    world: LogWorld,
    memory: Awaited<ReturnType<typeof loadMemory>>,
    writer: { readonly author: LogAuthor; readonly freshLog: () => LogId },
  ) {
    super(writer.author.person, world, memory);
    this.#author = writer.author;
    this.#freshLog = writer.freshLog;
  }

  static async openOwn(
    world: LogWorld,
    options: { readonly author: LogAuthor; readonly randomBytes: (length: number) => Uint8Array },
  ): Promise<OwnStoredLog> {
    const { author } = options;
    const freshLog = () => toHex(options.randomBytes(16));
    const log = new OwnStoredLog(world, await loadMemory(world.records, keysOf(author.person)), { author, freshLog });
    if (log.memory.ownLog === undefined) {
      await log.change(async ({ draft }) => {
        draft.ownLog = freshLog();
      });
    }
    return log;
  }

  get own(): { readonly device: DeviceId; readonly log: LogId } {
    return { device: this.#author.device, log: this.memory.ownLog! };
  }

  append(drafts: readonly LogDraft[]): Promise<readonly { readonly seq: number; readonly hash: string }[]> {
    return this.change(async (change) => {
      const places: { seq: number; hash: string }[] = [];
      for (const draft of drafts) {
        const { seq, hash } = await this.#write(change, draft);
        places.push({ seq, hash });
      }
      return places;
    });
  }

  writeCheckpoint(options: {
    readonly without: ReadonlySet<string>;
  }): Promise<{ readonly from: number; readonly to: number }> {
    return this.change(async (change) => {
      const { records } = this.world;
      const upTo = this.#headsNow(change);
      const plan = { records, keys: this.keys, without: options.without };
      let parts = 0;
      for await (const _ of checkpointParts(plan)) parts += 1;
      const from = (change.draft.heads.get(this.#ownKey(change))?.seq ?? 0) + 1;
      let part = 0;
      for await (const rows of checkpointParts(plan)) {
        await this.#write(change, { kind: 'checkpoint', body: { upTo, part, parts, rows } });
        part += 1;
      }
      return { from, to: from + parts - 1 };
    });
  }

  async liveBytes(options: { readonly without: ReadonlySet<string> }): Promise<number> {
    let bytes = 0;
    for await (const rows of checkpointParts({ records: this.world.records, keys: this.keys, ...options })) {
      bytes += rows.reduce((sum, row) => sum + row.length, 0);
    }
    return bytes;
  }

  settleFork(): Promise<void> {
    return this.change(async ({ draft }) => {
      draft.meta = { ...draft.meta, forked: false };
    });
  }

  async familyVersionAt(seq: number): Promise<number | undefined> {
    const { device, log } = this.own;
    const named = [...this.memory.families.values()].filter(
      (row) => row.device !== device || row.log !== log || row.seq <= seq,
    );
    return named.length === 0 ? undefined : Math.max(...named.map(({ version }) => version));
  }

  /** An entry of our own log that this disk lacks: an older image of the machine runs here, so it goes on in a new log. */
  protected override async take(change: Change, entry: LogEntry): Promise<boolean> {
    const isNew = await super.take(change, entry);
    if (isNew && this.#isOwn(change, entry)) change.draft.ownLog = this.#freshLog();
    return isNew;
  }

  protected override keepFork(change: Change, entry: LogEntry): void {
    super.keepFork(change, entry);
    if (this.#isOwn(change, entry)) change.draft.ownLog = this.#freshLog();
  }

  #isOwn(change: Change, entry: LogEntry): boolean {
    return entry.device === this.#author.device && entry.log === change.draft.ownLog;
  }

  #ownKey(change: Change): string {
    return logKey({ device: this.#author.device, log: change.draft.ownLog! });
  }

  #headsNow({ draft }: Change) {
    return [...draft.heads.values()].map(({ device, log, seq, hash }) => ({ device, log, seq, hash }));
  }

  async #write(change: Change, content: LogContent): Promise<LogEntry> {
    const { device, signer, person } = this.#author;
    const log = change.draft.ownLog!;
    const key = this.#ownKey(change);
    const head = change.draft.heads.get(key);
    const seen = this.#headsNow(change)
      .filter((other) => logKey(other) !== key)
      .map(({ hash: _, ...place }) => place);
    const entry = makeLogEntry(
      {
        network: this.world.network,
        owner: person,
        device,
        revision: this.#author.revision(),
        log,
        seq: (head?.seq ?? 0) + 1,
        prev: head?.hash ?? null,
        at: this.world.clock.now(),
        seen,
      },
      content,
      signer,
    );
    await super.take(change, entry);
    return entry;
  }
}
