import type { BlockSource } from '../../ports/catalogue.ts';
import type { ChunkToPlace, RestoreTarget } from '../../ports/pipeline.ts';
import { isBitDustError } from '../../protocol/errors.ts';
import type { BlockId, DeviceId } from '../../protocol/ids.ts';
import type { PlannedChunk, RestorePlan } from './restore-plan.ts';

/** Gaps between wanted chunks that are read along, since a range costs whole leaves anyway. */
const GAP_BYTES = 128 * 1024;
/** Above this share of its bytes a block is read whole. */
const WHOLE_SHARE = 0.5;

/** What happened to one block. */
export interface BlockRead {
  readonly decoded: boolean;
  readonly fetchedBytes: number;
  readonly restoredBytes: number;
}

interface Run {
  readonly from: number;
  readonly to: number;
  readonly chunks: readonly PlannedChunk[];
}

/** Reads what is wanted of one block and gives it to the target; whole when most of it is wanted. */
export async function readPlannedBlock(
  source: BlockSource,
  options: {
    readonly block: BlockId;
    readonly size: number;
    readonly chunks: readonly PlannedChunk[];
    readonly target: Pick<RestoreTarget, 'place'>;
    readonly signal: AbortSignal;
  },
): Promise<BlockRead> {
  const { block, chunks, target, signal } = options;
  const wanted = chunks.reduce((sum, { copy }) => sum + copy.length, 0);
  const restoredBytes = wanted;
  if (wanted >= options.size * WHOLE_SHARE) {
    const whole = await source.readBlock({ block, signal });
    try {
      await target.place({ bytes: whole.bytes, chunks: chunks.map((planned) => toPlace(planned, 0)) });
    } finally {
      whole.release();
    }
    return { decoded: whole.decoded, fetchedBytes: whole.fetchedBytes, restoredBytes };
  }
  let fetchedBytes = 0;
  for (const run of runsOf(chunks)) {
    const bytes = await source.readRange({ block, offset: run.from, length: run.to - run.from, signal });
    fetchedBytes += bytes.length;
    await target.place({ bytes: bytes.slice(), chunks: run.chunks.map((planned) => toPlace(planned, run.from)) });
  }
  return { decoded: false, fetchedBytes, restoredBytes };
}

function toPlace({ chunk, copy, places }: PlannedChunk, from: number): ChunkToPlace {
  return { chunk, copy, at: copy.offset - from, places };
}

/** Chunks that lie close together, as one range each. */
export function runsOf(chunks: readonly PlannedChunk[]): readonly Run[] {
  const runs: { from: number; to: number; chunks: PlannedChunk[] }[] = [];
  for (const planned of chunks) {
    const { offset, length } = planned.copy;
    const last = runs.at(-1);
    if (last && offset - last.to <= GAP_BYTES) {
      last.to = Math.max(last.to, offset + length);
      last.chunks.push(planned);
    } else runs.push({ from: offset, to: offset + length, chunks: [planned] });
  }
  return runs;
}

/** Blocks that could not be read now, and whose suppliers are missed. */
export interface Shortage {
  readonly blocks: Map<BlockId, { readonly have: number; readonly k: number }>;
  readonly suppliers: Map<DeviceId, { readonly seat: number; readonly since: number | null }>;
}

/** Notes what a `TOO_FEW_PIECES` says; false for any other error. */
export function noteShortage(shortage: Shortage, block: BlockId, error: unknown): boolean {
  if (!isBitDustError(error, 'TOO_FEW_PIECES')) return false;
  const details = error.details as {
    readonly blocks?: readonly { readonly have: number; readonly k: number }[];
    readonly suppliers?: readonly {
      readonly seat: number;
      readonly device: DeviceId | null;
      readonly since: number | null;
    }[];
  };
  shortage.blocks.set(block, details.blocks?.[0] ?? { have: 0, k: 0 });
  for (const { device, seat, since } of details.suppliers ?? [])
    if (device) shortage.suppliers.set(device, { seat, since });
  return true;
}

/** Order of reading: blocks with the most wanted bytes first, so that the last ones are small. */
export function readingOrder(plan: RestorePlan): BlockId[] {
  const weight = (block: BlockId) => plan.blocks.get(block)!.reduce((sum, { copy }) => sum + copy.length, 0);
  return [...plan.blocks.keys()].sort((a, b) => weight(b) - weight(a) || (a < b ? -1 : 1));
}
