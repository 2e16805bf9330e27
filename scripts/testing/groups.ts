import { sourcesUnder } from '../files.ts';

/** Test files that run together, one group after another. */
export interface TestGroup {
  readonly name: string;
  readonly files: readonly string[];
  /** The whole group fails when it takes longer. */
  readonly deadlineMs: number;
}

interface GroupRow {
  readonly name: string;
  /** Folders below `test/`. */
  readonly folders: readonly string[];
  readonly deadlineMs: number;
}

const ROWS: readonly GroupRow[] = [
  { name: 'pure', folders: ['protocol', 'bus', 'ports', 'kit', 'scripts'], deadlineMs: 240_000 },
  { name: 'machines', folders: ['machines', 'services', 'node'], deadlineMs: 300_000 },
  { name: 'compliance', folders: ['transports', 'storage', 'compliance'], deadlineMs: 240_000 },
  { name: 'simulation', folders: ['simulation'], deadlineMs: 300_000 },
  { name: 'processes', folders: ['processes', 'durability', 'faults', 'scenarios', 'e2e'], deadlineMs: 300_000 },
  { name: 'faces', folders: ['cli', 'gateways', 'web', 'bench', 'examples'], deadlineMs: 300_000 },
];

/** Every test file in exactly one group; a folder that no row names makes the group `other`. */
export function testGroups(stems: readonly string[]): TestGroup[] {
  const files = sourcesUnder('test').filter(
    (path) => path.endsWith('.test.ts') && (stems.length === 0 || stems.some((stem) => path.includes(stem))),
  );
  const folderOf = (path: string): string => path.split('/')[1]!;
  const named = new Set(ROWS.flatMap((row) => row.folders));
  const groups = ROWS.map(({ name, folders, deadlineMs }) => {
    return { name, deadlineMs, files: files.filter((path) => folders.includes(folderOf(path))) };
  });
  const other = { name: 'other', deadlineMs: 120_000, files: files.filter((path) => !named.has(folderOf(path))) };
  return [...groups, other].filter((group) => group.files.length > 0);
}
