import { diagramFiles } from '../diagrams/charts.ts';
import { docsFiles } from '../docs/pages.ts';
import { differences } from '../generated.ts';
import type { Rule } from './problem.ts';

/** Diagrams and generated pages are current. */
export const generatedFiles: Rule = {
  name: 'generated',
  check: () => [
    ...differences(diagramFiles(), ['diagrams']).map((what) => ({
      rule: 'generated',
      where: 'npm run diagrams',
      what,
    })),
    ...differences(docsFiles()).map((what) => ({ rule: 'generated', where: 'npm run docs', what })),
  ],
};
