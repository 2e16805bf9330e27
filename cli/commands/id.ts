import type { Command } from 'commander';
import type { IdAnswer } from '../../node/api/identity.ts';
import type { OfflineIdentity } from '../../node/offline.ts';
import { action, askOr } from '../action.ts';
import { isBuilt, loadPart } from '../parts.ts';
import { formatTime } from '../print/format.ts';
import { formatPairs, formatTable } from '../print/table.ts';
import { readWords } from '../words.ts';

/** `id show` and `id confirm-words`; also with the node stopped. */
export function addId(program: Command): void {
  if (!isBuilt('identity')) return;
  const id = program.command('id').description('identity of this home');
  id.command('show')
    .description('person, device, fingerprint and devices')
    .action(
      action(async (context) => {
        const answer = await askOr(context, 'id.show', {}, async () => {
          const { showIdentity } = await loadPart<OfflineIdentity>('identity');
          return showIdentity(context.home);
        });
        context.print(answer, () => idText(answer));
      }),
    );
  id.command('confirm-words')
    .description('show that the 24 words are written down')
    .action(
      action(async (context) => {
        const words = await readWords(context);
        const answer = await askOr(context, 'id.confirmWords', { words: [...words] }, async () => {
          const { confirmWords } = await loadPart<OfflineIdentity>('identity');
          return confirmWords(context.home, words);
        });
        context.print(answer, () => 'These are the words of this identity.');
      }),
    );
}

function idText(answer: IdAnswer): string {
  const pairs = formatPairs([
    ['person', answer.person],
    ['device', answer.device],
    ['nickname', answer.nickname ?? '-'],
    ['fingerprint', answer.fingerprint],
    ['revision', `${answer.revision}, issued ${formatTime(answer.issuedAt)}`],
    ['services', answer.services.join(' ') || '-'],
    ['addresses', answer.addresses.join(' ') || '-'],
    ['home', answer.home],
  ]);
  const devices = answer.devices.map(({ device, label, addedAt, current }) => [
    current ? '*' : '',
    device,
    label ?? '-',
    formatTime(addedAt),
  ]);
  return `${pairs}\n\n${formatTable([{ head: '' }, { head: 'DEVICE' }, { head: 'LABEL' }, { head: 'ADDED' }], devices)}`;
}
