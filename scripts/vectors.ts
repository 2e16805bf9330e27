import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { AREAS } from '../test/support/vectors/areas.ts';
import { sessionCases } from '../test/support/vectors/session-cases.ts';
import { formatVector, VECTORS_FOLDER, type Vector } from '../test/support/vectors/vector-file.ts';

const byArea: Record<string, readonly Vector[]> = await sessionCases();
for (const [area, { cases }] of Object.entries(AREAS)) byArea[area] = cases;

// Vectors are the promise of compatibility: what is there is never written again, only what is new.
for (const [area, cases] of Object.entries(byArea)) {
  mkdirSync(VECTORS_FOLDER + area, { recursive: true });
  for (const vector of cases) {
    const path = `${VECTORS_FOLDER}${area}/${vector.name}.txt`;
    if (!existsSync(path)) writeFileSync(path, formatVector(vector));
  }
}
