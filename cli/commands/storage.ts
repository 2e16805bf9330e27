import type { Command } from 'commander';
import type { RebuildCatalogueAnswer, StorageAnswer, VerifyAnswer } from '../../node/api/storage.ts';
import { action, ask, examples } from '../action.ts';
import type { Context } from '../context.ts';
import { failAfterAnswer } from '../failure.ts';
import { formatBytes, formatTime, plural, shortId } from '../print/format.ts';
import { formatPairs, formatTable } from '../print/table.ts';
import { resultOf } from '../tasks.ts';

/** `storage`: safety figures, checks, and the catalogue from the blocks themselves. */
export function addStorage(program: Command): void {
  const storage = program.command('storage').description('safety figures, checks, and the catalogue again');
  storage
    .command('status')
    .description('safety of every set, blocks by safety, repair and space')
    .action(
      action(async (context) => {
        const answer = await ask(context, 'storage.status', {});
        context.print(answer, () => statusText(context, answer));
      }),
    );
  storage
    .command('verify')
    .description('check what the suppliers hold')
    .option('--data <share>', "read this share of the data back, '5%'")
    .addHelpText('after', examples('bitdust storage verify', 'bitdust storage verify --data 5%'))
    .action(
      action(async (context, { data }: { readonly data?: string }) => {
        const begun = await ask(context, 'storage.verify', data === undefined ? {} : { data });
        const answer = await resultOf<VerifyAnswer>(context, begun.task);
        context.print(answer, () => verifyText(answer));
        if (!answer.ok) failAfterAnswer('STORAGE_DAMAGED');
      }),
    );
  storage
    .command('rebuild-catalogue')
    .description("the catalogue again from the blocks' own footers, without its index")
    .action(
      action(async (context) => {
        const begun = await ask(context, 'storage.rebuildCatalogue', {});
        const answer = await resultOf<RebuildCatalogueAnswer>(context, begun.task);
        context.print(answer, () => rebuildText(answer));
        if (!answer.ok) failAfterAnswer('CATALOGUE_INCOMPLETE');
      }),
    );
}

function statusText(context: Context, answer: StorageAnswer): string {
  const { bytes, blocks, repair, space, weakest } = answer;
  const good = answer.safety === 'safe' || answer.safety === 'empty';
  const pairs = formatPairs([
    ['safety', context.style(good ? 'green' : 'yellow', answer.safety)],
    ['source', formatBytes(bytes.source)],
    ['stored', `${formatBytes(bytes.stored)}, ${formatBytes(bytes.staged)} staged`],
    [
      'blocks',
      `${blocks.total}: ${blocks.safe} safe, ${blocks.enough} enough, ${blocks.endangered} endangered, ${blocks.unreadable} unreadable`,
    ],
    [
      'weakest',
      weakest === null
        ? '-'
        : `${weakest.block.slice(0, 12)}, ${weakest.held} of ${weakest.n} held, ${weakest.k} needed`,
    ],
    [
      'repair',
      `${repair.running} running, ${repair.queued} queued, ${repair.repaired} repaired, ${formatBytes(repair.sentBytes)} sent`,
    ],
    ['loss in a year', answer.lossProbabilityYear === null ? '-' : answer.lossProbabilityYear.toExponential(1)],
    ['uptime', answer.uptimeMeasured === null ? '-' : `${(answer.uptimeMeasured * 100).toFixed(1)} %`],
    ['given', `${formatBytes(space.usedBytes)} of ${formatBytes(space.donatedBytes)}`],
    ['weighed', formatTime(answer.checkedAt)],
  ]);
  const sets = formatTable(
    [{ head: 'SET' }, { head: 'SIZE', right: true }, { head: 'BLOCKS', right: true }, { head: 'SAFETY' }],
    answer.sets.map((set) => [set.name, formatBytes(set.bytes), String(set.blocks), set.safety]),
  );
  return `${pairs}\n\n${sets}`;
}

function verifyText({ checked, bad, ok }: VerifyAnswer): string {
  const head = `${ok ? 'all good' : `${bad.length} bad`}: ${plural(checked.pieces, 'piece')} of ${plural(checked.blocks, 'block')}, ${formatBytes(checked.bytes)} read`;
  if (ok) return head;
  const rows = bad.map((row) => [row.block.slice(0, 12), String(row.seat), shortId(row.device), row.problem]);
  return `${head}\n${formatTable([{ head: 'BLOCK' }, { head: 'SEAT', right: true }, { head: 'DEVICE' }, { head: 'PROBLEM' }], rows)}`;
}

function rebuildText({ blocks, catalogue, unreadable }: RebuildCatalogueAnswer): string {
  const found = `${plural(catalogue.sets, 'set')}, ${plural(catalogue.versions, 'version')}, ${plural(catalogue.files, 'file')}`;
  const lost = unreadable.length === 0 ? '' : `\n${plural(unreadable.length, 'block')} could not be read`;
  return `${plural(blocks.read, 'block')} read, ${blocks.withoutFooter} without a footer\n${found}, ${formatBytes(catalogue.bytes)}${lost}`;
}
