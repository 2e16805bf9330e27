// The quick half of `npm test`: types, lint, tidy, and the tests that need neither disk nor network.
import { testGroups } from './testing/groups.ts';
import { runGroup } from './testing/run-group.ts';
import { runStaticChecks } from './testing/static-checks.ts';
import { emptyTally, printTally } from './testing/tally.ts';

const QUICK = ['pure', 'machines'];

const tally = emptyTally();
await runStaticChecks(tally);
for (const group of testGroups([])) if (QUICK.includes(group.name)) await runGroup(group, tally);
printTally(tally);
process.exit(tally.failed === 0 ? 0 : 1);
