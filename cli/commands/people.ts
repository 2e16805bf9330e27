import type { Command } from 'commander';
import { action, ask, examples } from '../action.ts';
import { failAfterAnswer } from '../failure.ts';
import { formatTime, shortId } from '../print/format.ts';
import { formatTable } from '../print/table.ts';

/** `find` and `ping`: people. */
export function addPeople(program: Command): void {
  program
    .command('find <nickname>')
    .description('who claims a nickname')
    .action(
      action(async (context, _options, nickname: string) => {
        const answer = await ask(context, 'find', { nickname });
        context.print(answer, () =>
          formatTable(
            [{ head: 'PERSON' }, { head: 'FINGERPRINT' }, { head: 'CLAIMED' }, { head: 'REMARK' }],
            answer.claims.map((claim) => [
              claim.person,
              claim.fingerprint,
              formatTime(claim.claimedAt),
              claim.lookAlike ? 'looks like somebody you know' : '',
            ]),
          ),
        );
      }),
    );
  program
    .command('ping <who>')
    .description('reach a person or device')
    .addHelpText('after', examples('bitdust ping bob', 'bitdust ping bdd1…'))
    .action(
      action(async (context, _options, who: string) => {
        const answer = await ask(context, 'ping', { who });
        context.print(answer, () =>
          answer.reached
            ? `${who} (${shortId(answer.device)}) answered in ${(answer.rttMs ?? 0).toFixed(1)} ms by ${answer.path ?? '?'}`
            : `${who} was not reached: ${answer.reason ?? 'no reason known'}`,
        );
        if (!answer.reached) failAfterAnswer('PEER_UNREACHABLE');
      }),
    );
}
