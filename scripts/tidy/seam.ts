import { sourcesUnder, textOf } from '../files.ts';
import { OUTSIDE_SEAM } from './exceptions.ts';
import { lineAt, type Problem, type Rule } from './problem.ts';

/** Layers that get time, randomness and settings from the world they are given. */
const PURE = ['protocol', 'bus', 'machines', 'services', 'node/api'];
const FORBIDDEN: readonly (readonly [RegExp, string])[] = [
  [/\bDate\.now\(|\bnew Date\(\)/g, "reads the host's clock"],
  [/\bperformance\.now\(/g, "reads the host's clock"],
  [/\bMath\.random\(/g, "draws the host's randomness"],
  [
    /(?<![.\w])(randomBytes|randomUUID)\(|\bcrypto\.(randomBytes|randomUUID|getRandomValues)\(/g,
    "draws the host's randomness",
  ],
  [/(?<![.\w])(setTimeout|setInterval|setImmediate)\(/g, "uses the host's timers"],
  [/\bprocess\.(env|argv|exit|hrtime)\b/g, 'reads the process'],
  [/\bcrypto\.subtle\b/g, 'leaves the thread, which cannot be replayed'],
];

/** Clock, randomness, timers and environment come in only by the world. */
export const seam: Rule = {
  name: 'seam',
  check: () =>
    PURE.flatMap(sourcesUnder)
      .filter((path) => !OUTSIDE_SEAM[path])
      .flatMap((path) => {
        const text = withoutComments(textOf(path));
        return FORBIDDEN.flatMap(([pattern, what]) =>
          [...text.matchAll(pattern)].map((match): Problem => {
            return { rule: 'seam', where: `${path}:${lineAt(text, match.index)}`, what };
          }),
        );
      }),
};

/** Comments blanked, lines kept. */
export function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, (comment) => comment.replace(/[^\n]/g, ' '));
}
