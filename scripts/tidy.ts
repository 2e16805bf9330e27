// Checks what compiler and linter cannot: layers, sizes, registries, catalogues, documents. One line a problem.
import { documents } from './tidy/documents.ts';
import { errors } from './tidy/errors.ts';
import { folders } from './tidy/folders.ts';
import { generatedFiles } from './tidy/generated-files.ts';
import { layers } from './tidy/layers.ts';
import type { Rule } from './tidy/problem.ts';
import { registry } from './tidy/registry.ts';
import { seam } from './tidy/seam.ts';
import { sizes } from './tidy/sizes.ts';
import { storageRules } from './tidy/storage-rules.ts';
import { decisionsInWiring, wiring } from './tidy/wiring.ts';
import { words } from './tidy/words.ts';

const RULES: readonly Rule[] = [
  folders,
  layers,
  sizes,
  seam,
  words,
  registry,
  wiring,
  errors,
  storageRules,
  documents,
  generatedFiles,
];

const wanted = process.argv.slice(2);
const rules = RULES.filter((rule) => wanted.length === 0 || wanted.includes(rule.name));
if (wanted.includes('--exceptions')) {
  // the numbers that DECISIONS_IN_WIRING would have now; for lowering them
  for (const [path, decisions] of decisionsInWiring()) console.log(`  '${path}': ${decisions.length},`);
}
const problems = rules.flatMap((rule) => rule.check());
for (const { rule, where, what } of problems) console.error(`${where}: ${what} (${rule})`);
console.log(`tidy: ${rules.length} rules, ${problems.length} problems`);
if (problems.length > 0) process.exitCode = 1;
