import { ERRORS } from '../../protocol/errors.ts';
import { sourcesUnder, textOf } from '../files.ts';
import type { Problem, Rule } from './problem.ts';

const PRODUCTION = ['protocol', 'machines', 'services', 'transports', 'storage', 'node', 'gateways', 'cli'];

/** Every code of the catalogue is given somewhere, and sentences read alike. */
export const errors: Rule = {
  name: 'errors',
  check() {
    const texts = PRODUCTION.flatMap(sourcesUnder)
      .filter((path) => path !== 'protocol/errors.ts')
      .map(textOf)
      .join('\n');
    return Object.entries(ERRORS).flatMap(([code, row]) => {
      const problems: Problem[] = [];
      const say = (what: string) =>
        problems.push({ rule: 'errors', where: 'protocol/errors.ts', what: `${code} ${what}` });
      if (!texts.includes(`'${code}'`)) say('is given nowhere');
      if (!/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$|^[A-Z]+$/.test(code)) say('is not in capitals with underscores');
      if (!/^[A-Z].*[.]$/.test(row.sentence)) say('has a sentence that is none');
      return problems;
    });
  },
};
