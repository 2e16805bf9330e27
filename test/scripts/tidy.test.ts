import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

const TIDY = join(import.meta.dirname, '..', '..', 'scripts', 'tidy.ts');

/** What a rule says of a tree of these files. */
function tidy(rule: string, files: Readonly<Record<string, string>>): string[] {
  const root = mkdtempSync(join(tmpdir(), 'bitdust-tidy-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    const env = { ...process.env, BITDUST_ROOT: root };
    const { stderr, status } = spawnSync(process.execPath, [TIDY, rule], { env, encoding: 'utf8', timeout: 30_000 });
    const lines = stderr.split('\n').filter((line) => line.endsWith(`(${rule})`));
    assert.equal(status, lines.length > 0 ? 1 : 0, stderr);
    return lines.map((line) => line.slice(0, -` (${rule})`.length)).sort();
  } finally {
    rmSync(root, { recursive: true });
  }
}

test('layers: nothing points up, sideways, or to drivers it must not know', () => {
  const found = tidy('layers', {
    'protocol/ids.ts': "import { readFile } from 'node:fs';\nimport { createHash } from 'node:crypto';\n",
    'ports/disk.ts': "import type { BlockId } from '../protocol/ids.ts';\n",
    'machines/backup/a.machine.ts':
      "import type { Fact } from '../../bus/facts/index.ts';\nimport { createBus } from '../../bus/bus.ts';\nimport { pino } from 'pino';\n",
    'services/backup/b.service.ts':
      "import { x } from '../restore/y.ts';\nimport { inOrder } from '../kit/in-order.ts';\n",
    'storage/disk/real.ts': "import { open } from 'node:fs';\nimport { t } from '../../transports/tcp/t.ts';\n",
    'cli/main.ts': "import { createNode } from '../node/index.ts';\nconst late = () => import('../node/offline.ts');\n",
    'node/api/index.ts': "import { join } from 'node:path';\n",
    'node/create-node.ts': "import { open } from '../gateways/http/index.ts';\n",
    'node/daemon.ts': "import { open } from '../gateways/http/index.ts';\n",
  });
  assert.deepEqual(found, [
    'cli/main.ts:1: imports values of node/index.ts, of which only types are allowed',
    'machines/backup/a.machine.ts:2: imports values of bus/bus.ts, of which only types are allowed',
    'machines/backup/a.machine.ts:3: imports the package pino (machines/backup/a.machine.ts)',
    'node/api/index.ts:1: imports node:path',
    'node/create-node.ts:1: imports values of gateways/http/index.ts, of which only types are allowed',
    'protocol/ids.ts:1: imports node:fs',
    'services/backup/b.service.ts:1: imports its neighbour services/restore/y.ts; what they share is a port or a need',
    'storage/disk/real.ts:2: imports transports/tcp/t.ts, which its layer must not know',
  ]);
});

test('seam: clock, randomness, timers and environment come in by the world alone, comments aside', () => {
  const found = tidy('seam', {
    'services/a.ts': '// Date.now() is not used\nconst at = Date.now();\nconst x = clock.setTimeout(f, 1);\n',
    'machines/b.ts': 'export const x = Math.random();\nsetTimeout(() => {}, 1);\n',
    'protocol/c.ts': "export const home = process.env['HOME'];\n",
    'transports/d.ts': 'export const now = () => Date.now();\n',
  });
  assert.deepEqual(found, [
    "machines/b.ts:1: draws the host's randomness",
    "machines/b.ts:2: uses the host's timers",
    'protocol/c.ts:1: reads the process',
    "services/a.ts:2: reads the host's clock",
  ]);
});

test('sizes: long files, machines and functions are named; inner functions count for themselves', () => {
  const lines = (count: number): string =>
    Array.from({ length: count }, (_, at) => `  const v${at} = ${at};`).join('\n');
  const found = tidy('sizes', {
    'node/long.ts': `${lines(301)}\n`,
    'machines/backup/x.machine.ts': `${lines(201)}\n`,
    'node/function.ts': `export function big() {\n${lines(60)}\n}\n`,
    'node/factory.ts': `export function make() {\n  function one() {\n${lines(40)}\n  }\n  const two = () => {\n${lines(40)}\n  };\n  return { one, two };\n}\n`,
  });
  assert.deepEqual(
    found.filter((line) => !line.includes('exception')),
    [
      'machines/backup/x.machine.ts: has 201 lines, more than 200',
      'node/function.ts:1: big has 62 lines, more than 50',
      'node/long.ts: has 301 lines, more than 300',
    ],
  );
});

test('words: any, lone tests, silenced compilers, default exports and empty names are found', () => {
  const found = tidy('words', {
    'node/a.ts': "export default 1;\nconst x = y as any;\nconst say = 'as any';\n",
    'test/b.test.ts': "test.only('x', () => {});\n",
    'node/utils.ts': '// @ts-ignore\nexport const a = 1;\n',
    'bench/c.ts': '// TODO later\n',
  });
  assert.deepEqual(found, [
    'bench/c.ts:1: leaves work in a comment',
    'node/a.ts:1: has a default export',
    'node/a.ts:2: says any',
    'node/utils.ts: has a name that says nothing',
    'node/utils.ts:1: silences the compiler',
    'test/b.test.ts:1: runs only one test',
  ]);
});

test('wiring: a wiring file that decides, waits or makes actors itself is named', () => {
  const found = tidy('wiring', {
    'machines/backup/x.machine.ts': 'export const xMachine = 1;\n',
    'services/backup/x.service.ts': [
      "if (pool.get('a').getSnapshot().matches('idle')) start();",
      'clock.setTimeout(again, 5);',
      'if (error) throw error;',
      'createActor(machine);',
    ].join('\n'),
    'services/backup/carrier.service.ts': 'clock.setTimeout(again, 5);\n',
  });
  assert.deepEqual(found, [
    'services/backup/x.service.ts: calls createActor, not a pool',
    "services/backup/x.service.ts:1: decides on the state of a machine: if (pool.get('a').getSnapshot().matches('idle'))",
    "services/backup/x.service.ts:2: sets a timer; waiting is its machine's work",
  ]);
});

test('documents: links that lead nowhere are found, headings too', () => {
  const found = tidy('documents', {
    'README.md':
      '# A b, c\n\n[x](docs/x.md) [y](docs/y.md#two) [z](docs/y.md#three) [w](https://example.org) [v](#a-b-c)\n',
    'docs/y.md': '# One\n\n## Two\n',
  });
  assert.deepEqual(found, [
    'README.md:3: links to #three, which is no heading of docs/y.md',
    'README.md:3: links to docs/x.md, which is not there',
  ]);
});

test('folders: an unknown top folder and a missing document are named', () => {
  const found = tidy('folders', { 'helpers/x.ts': '', 'README.md': '# x\n', 'docs/glossary.md': '# x\n' });
  assert.ok(found.includes('helpers/: is no agreed top folder'));
  assert.ok(found.includes('ARCHITECTURE.md: is missing'));
});
