import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Bench, type BenchRow, report, table } from './kit.ts';

const ENDING = '.bench.ts';
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(ENDING))
  .map((file) => file.slice(0, -ENDING.length))
  .sort();

const { values, positionals } = parseArgs({ options: { json: { type: 'boolean' } }, allowPositionals: true });
const unknown = positionals.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  console.error(`There is no bench ${unknown.join(', ')}; there are ${names.join(', ')}.`);
  process.exit(2);
}

const rows: BenchRow[] = [];
for (const name of positionals.length > 0 ? positionals : names) {
  if (!values.json) console.error(`${name} ...`);
  const bench = (await import(`./${name}${ENDING}`)) as Bench;
  rows.push(...(await bench.run()));
}
console.log(values.json ? JSON.stringify(report(rows), null, 2) : table(rows));
