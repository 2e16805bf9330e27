import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeFailure } from './churn.ts';
import { churnRun } from './churn-run.ts';

const SEED = 1;
const NODES = 100;

test('100 nodes lose 30 of them, some for good, and every backup is restored byte for byte', async (context) => {
  const report = await churnRun({ seed: SEED, nodes: NODES });
  assert.deepEqual(report.problems, [], describeFailure(report));
  assert.equal(report.nodes, NODES);
  assert.equal(report.gone + report.offAndOn, 30);
  assert.equal(report.restored, report.owners);
  assert.equal(report.files, report.owners * 12);
  assert.ok(report.blocksRepaired > 0, 'nothing was repaired');
  context.diagnostic(
    `${report.restored} backups, ${report.files} files, ${report.blocksRepaired} repairs, ${report.lines} lines`,
  );
});
