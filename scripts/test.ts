// The whole of `npm test`; with words after it, only the test files whose path has one of them.
import { filesUnder } from './files.ts';
import { testGroups } from './testing/groups.ts';
import { runGroup } from './testing/run-group.ts';
import { runStaticChecks } from './testing/static-checks.ts';
import { emptyTally, printTally } from './testing/tally.ts';

const stems = process.argv.slice(2);
const before = new Set(filesUnder('.'));
const tally = emptyTally();
const groups = testGroups(stems);

if (stems.length === 0) await runStaticChecks(tally);
for (const group of groups) await runGroup(group, tally);

for (const path of filesUnder('.').filter((each) => !before.has(each))) {
  tally.failed++;
  tally.failures.push(`✖ ${path} was left in the tree`);
}
if (groups.length === 0) {
  tally.failed++;
  tally.failures.push(`✖ no test file has ${stems.join(' or ')} in its path`);
}
printTally(tally);
process.exit(tally.failed === 0 ? 0 : 1);
