import { MACHINES } from '../../machines/index.ts';
import { chartModel } from '../../node/charts/index.ts';
import { RULES } from '../docs/rules.ts';
import type { Rule } from './problem.ts';

/** A promise about data names only machines and states that there are. */
export const storageRules: Rule = {
  name: 'storage rules',
  check: () =>
    RULES.flatMap(({ machine, states }) => {
      const row = MACHINES.find((each) => each.machine.id === machine);
      const known = new Set(row === undefined ? [] : chartModel(row.machine).states.map((state) => state.path));
      const wrong = row === undefined ? [machine] : states.filter((state) => !known.has(state));
      return wrong.map((name) => ({
        rule: 'storage rules',
        where: 'scripts/docs/rules.ts',
        what: `names ${machine} ${name}, which there is not`,
      }));
    }),
};
