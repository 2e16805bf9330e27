import type { Health } from '../../ports/health.ts';
import type { LogSync } from '../../ports/log-sync.ts';
import type { LogDraft } from '../../ports/order-logs.ts';
import { BitDustError } from '../../protocol/errors.ts';
import type { BlockId, VersionId } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { commitMark } from '../../protocol/marks.ts';
import type { RunResult } from './backup-run.ts';
import type { CatalogueStore } from './catalogue/catalogue.ts';

export interface CommitNeeds {
  readonly catalogue: CatalogueStore;
  readonly sync: LogSync;
  readonly health: Pick<Health, 'block' | 'safetyOf'>;
}

const USABLE: ReadonlySet<string> = new Set(['open', 'committed', 'buried']);

/** How many blocks are below k, and below the commit mark. Blocks that are gone count in neither: the commit finds them and has them stored anew. */
export async function weighBlocks(
  { health }: Pick<CommitNeeds, 'health'>,
  blocks: readonly BlockId[],
): Promise<{ readonly belowK: number; readonly belowMark: number }> {
  let belowK = 0;
  let belowMark = 0;
  for (const block of blocks) {
    const found = await health.block(block);
    if (found === undefined) continue;
    const acknowledged = found.held + found.away;
    if (acknowledged < found.k) belowK += 1;
    if (acknowledged < commitMark(found)) belowMark += 1;
  }
  return { belowK, belowMark };
}

/** Writes the version entry. */
export async function enterVersion(
  { catalogue }: Pick<CommitNeeds, 'catalogue'>,
  options: {
    readonly set: string;
    readonly at: number;
    readonly result: RunResult;
    readonly files: number;
    readonly bytes: number;
  },
): Promise<VersionId> {
  const { set, at, result, files, bytes } = options;
  const note = { kind: 'version', set, at, tree: result.tree, index: result.index, files, bytes } as const;
  const [written] = await catalogue.writeNotes([note]);
  await catalogue.rememberBlocks(written!.version, result.blocks);
  return written!.version;
}

function drafts(kind: 'commit' | 'keep', blocks: readonly BlockId[]): LogDraft[] {
  const size = LIMITS.blocksPerEntryMax.value;
  return Array.from({ length: Math.ceil(blocks.length / size) }, (_, page) => ({
    kind,
    body: { blocks: blocks.slice(page * size, (page + 1) * size) },
  }));
}

/**
 * The liveness rule: pull, bring buried blocks back before they are relied on, then commit what is open. `again` when
 * a block is erased or given up, so that its chunks must be stored anew. Rejects with `LOG_BELOW_QUORUM`.
 */
export async function commitBlocks(
  { sync }: CommitNeeds,
  blocks: readonly BlockId[],
  signal: AbortSignal,
): Promise<'committed' | 'again'> {
  const place = async (entries: readonly LogDraft[]) => {
    if (entries.length === 0) return;
    const places = await sync.append(entries);
    if ((await sync.atQuorum(places.at(-1)!.seq, signal)) === 'below') throw new BitDustError('LOG_BELOW_QUORUM');
  };
  await sync.pull(signal);
  const rows = await sync.log.blocks(blocks);
  if (rows.some((row) => row === undefined || !USABLE.has(row.standing))) return 'again';
  const of = (standing: string) => blocks.filter((_, index) => rows[index]?.standing === standing);
  await place(drafts('keep', of('buried')));
  const open = of('open');
  const head = sync.log.heads().find(({ log }) => log === sync.log.own.log);
  await place(drafts('commit', open));
  // Nothing to commit: then what must have reached the seats is the version entry, the last one of our log.
  if (open.length === 0 && head !== undefined && (await sync.atQuorum(head.seq, signal)) === 'below') {
    throw new BitDustError('LOG_BELOW_QUORUM');
  }
  return 'committed';
}
