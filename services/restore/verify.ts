import type { BlockSource } from '../../ports/catalogue.ts';
import type { Health } from '../../ports/health.ts';
import type { OrderLog } from '../../ports/order-logs.ts';
import type { BadPiece } from '../../ports/restores.ts';
import type { Suppliers } from '../../ports/suppliers.ts';
import type { TaskHandle, TaskTable } from '../../ports/tasks.ts';
import type { Random } from '../../ports/world.ts';
import { pieceBytes } from '../../protocol/block-size.ts';
import { BitDustError } from '../../protocol/errors.ts';
import type { BlockId } from '../../protocol/ids.ts';

export interface VerifyNeeds {
  readonly tasks: TaskTable;
  readonly log: Pick<OrderLog, 'eachBlock'>;
  readonly health: Pick<Health, 'block' | 'pieceLost'>;
  readonly suppliers: Pick<Suppliers, 'seat' | 'challenge'>;
  readonly source: Pick<BlockSource, 'gather'>;
  readonly random: Random;
}

const BLOCKS_AT_ONCE = 8;
/** Without a share of the data one piece of every block is challenged. */
const CHALLENGE_ONLY = 0;

/** Checks what the suppliers hold: a challenge for every piece, and that share of the blocks read back. Losses go into the health table. */
export async function startVerify(
  needs: VerifyNeeds,
  options: { readonly share: number },
): Promise<{ readonly task: string }> {
  const life = new AbortController();
  const handle = await needs.tasks.open({
    kind: 'verify',
    title:
      options.share === CHALLENGE_ONLY
        ? 'challenge of every piece'
        : `challenge, and ${Math.round(options.share * 100)} % read`,
    phase: 'checking',
    control: { cancel: () => life.abort(new BitDustError('CANCELLED')) },
  });
  void run(needs, { ...options, handle, signal: life.signal }).then(
    (result) => handle.finish(result),
    (error: unknown) => (life.signal.aborted ? handle.cancelled() : handle.fail(error)),
  );
  return { task: handle.task };
}

async function run(
  needs: VerifyNeeds,
  options: { readonly share: number; readonly handle: TaskHandle; readonly signal: AbortSignal },
) {
  const { handle, signal } = options;
  const checked = { blocks: 0, pieces: 0, bytes: 0 };
  const bad: BadPiece[] = [];
  const blocks: BlockId[] = [];
  for await (const row of needs.log.eachBlock()) {
    if (row.standing === 'open' || row.standing === 'committed') blocks.push(row.block);
  }
  const work = async (): Promise<void> => {
    for (let block = blocks.pop(); block !== undefined; block = blocks.pop()) {
      signal.throwIfAborted();
      const found = await checkBlock(needs, { block, share: options.share, signal });
      checked.blocks += 1;
      checked.pieces += found.pieces;
      checked.bytes += found.bytes;
      bad.push(...found.bad);
      handle.update({
        progress: { ...handle.view().progress, doneItems: checked.blocks, totalItems: checked.blocks + blocks.length },
      });
    }
  };
  await Promise.all(Array.from({ length: BLOCKS_AT_ONCE }, work));
  return { checked, bad, ok: bad.length === 0 };
}

async function checkBlock(
  needs: VerifyNeeds,
  options: { readonly block: BlockId; readonly share: number; readonly signal: AbortSignal },
): Promise<{ readonly pieces: number; readonly bytes: number; readonly bad: readonly BadPiece[] }> {
  const { block, signal } = options;
  const health = await needs.health.block(block);
  if (!health) return { pieces: 0, bytes: 0, bad: [] };
  const bad: BadPiece[] = [];
  let pieces = 0;
  for (const { seat, state } of health.pieces) {
    const device = needs.suppliers.seat(seat)?.device ?? null;
    if (state === 'lost') bad.push({ block, seat, device, problem: 'lost' });
    if (state !== 'held') continue;
    const proven = await needs.suppliers.challenge({ seat, block, signal }).catch(() => null);
    signal.throwIfAborted();
    if (proven !== null) pieces += 1;
    if (proven !== false) continue;
    await needs.health.pieceLost(seat, [block]);
    bad.push({ block, seat, device, problem: 'corrupt' });
  }
  if (needs.random.fraction() >= options.share) return { pieces, bytes: 0, bad };
  const read = await needs.source.gather({ block, signal });
  return { pieces, bytes: read.size * pieceBytes(health.k, health.size), bad };
}
