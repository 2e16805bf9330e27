import { CHAPTERS, MACHINES } from '../../machines/index.ts';
import { SERVICES } from '../../services/index.ts';
import { exists, sourcesUnder, textOf } from '../files.ts';
import type { Problem, Rule } from './problem.ts';

/** Machines, services, tests and pictures have one stem, and every one is in its registry. */
export const registry: Rule = {
  name: 'registry',
  check: () => [...machineProblems(), ...wiringProblems(), ...folderProblems()],
};

function machineProblems(): Problem[] {
  const registered = new Map(MACHINES.map((row) => [`machines/${row.chapter}/${row.machine.id}.machine.ts`, row]));
  const files = sourcesUnder('machines').filter((path) => path.endsWith('.machine.ts'));
  const twice = MACHINES.filter((row, at) => MACHINES.findIndex((other) => other.machine.id === row.machine.id) !== at);
  return [
    ...files.filter((path) => !registered.has(path)).map((path) => problem(path, 'is not in machines/index.ts')),
    ...[...registered.keys()]
      .filter((path) => !files.includes(path))
      .map((path) => problem('machines/index.ts', `names a machine whose file is not ${path}`)),
    ...twice.map((row) => problem('machines/index.ts', `names ${row.machine.id} twice`)),
    ...MACHINES.flatMap(({ machine, chapter }) => {
      const test = `test/machines/${chapter}/${machine.id}.test.ts`;
      const service = `services/${chapter}/${machine.id}.service.ts`;
      return [test, service]
        .filter((path) => !exists(path))
        .map((path) => problem(path, `is missing for ${machine.id}`));
    }),
    ...files
      .filter(
        (path) =>
          !/^export const \w+Machine = /m.test(textOf(path)) || !/^export function \w+With\(/m.test(textOf(path)),
      )
      .map((path) => problem(path, 'does not export its machine and a function that gives it its ports')),
  ];
}

function wiringProblems(): Problem[] {
  const owned = SERVICES.flatMap((row) => row.wiring);
  const files = sourcesUnder('services')
    .filter((path) => path.endsWith('.service.ts'))
    .map((path) => path.slice('services/'.length, -'.service.ts'.length));
  return [
    ...files
      .filter((stem) => !stem.startsWith('system/') && owned.filter((each) => each === stem).length !== 1)
      .map((stem) => problem(`services/${stem}.service.ts`, 'is not in exactly one row of services/index.ts')),
    ...owned
      .filter((stem) => !files.includes(stem))
      .map((stem) => problem('services/index.ts', `names ${stem}, which has no wiring file`)),
  ];
}

function folderProblems(): Problem[] {
  const chapters: readonly string[] = [...CHAPTERS, 'kit'];
  return ['machines', 'services'].flatMap((top) =>
    sourcesUnder(top)
      .filter((path) => path.split('/').length > 2 && !chapters.includes(path.split('/')[1]!))
      .map((path) => problem(path, 'is in a folder that is no chapter')),
  );
}

function problem(where: string, what: string): Problem {
  return { rule: 'registry', where, what };
}
