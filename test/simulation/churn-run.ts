import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChurnOptions, type ChurnReport, runChurn } from './churn.ts';

/** Runs the scenario in a folder of its own, which is gone afterwards. */
export async function churnRun(options: Omit<ChurnOptions, 'folder'>): Promise<ChurnReport> {
  const folder = mkdtempSync(join(tmpdir(), 'bitdust-sim-'));
  try {
    return await runChurn({ ...options, folder });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === import.meta.filename) {
  const [seed, nodes, goneShare] = process.argv.slice(2).map(Number);
  const { hash, lines, problems } = await churnRun({ seed: seed!, nodes: nodes!, goneShare: goneShare! });
  console.log(JSON.stringify({ hash, lines, problems }));
}
