import ts from 'typescript';
import { sourcesUnder, textOf } from '../files.ts';
import type { Problem, Rule } from './problem.ts';
import { withoutComments } from './seam.ts';
import { lineOf, nodesOf, sourceOf } from './source.ts';

/** Conditions a wiring file may ask: is there an error, was it cancelled, is a thing there at all. */
const ALLOWED_IF = /error|abort|cancel|undefined|stopped|closed|^!?[\w.]+\??$|isBitDustError|instanceof/i;
const SNAPSHOT = /\.getSnapshot\(\)|\bsnapshot\.(value|matches)|\.matches\(/;

/** A wiring file wires: decisions, waiting and trying again are the machine's. */
export const wiring: Rule = {
  name: 'wiring',
  check: () =>
    sourcesUnder('services')
      .filter((path) => path.endsWith('.service.ts'))
      .flatMap(problemsOf),
};

function problemsOf(path: string): Problem[] {
  const source = sourceOf(path);
  const found: Problem[] = [];
  const say = (node: ts.Node, what: string) =>
    found.push({ rule: 'wiring', where: `${path}:${lineOf(source, node)}`, what });
  for (const node of nodesOf(source)) {
    if (ts.isIfStatement(node)) {
      const condition = node.expression.getText(source);
      if (SNAPSHOT.test(condition)) say(node, `decides on the state of a machine: if (${condition})`);
      else if (!ALLOWED_IF.test(condition)) say(node, `decides: if (${condition}); that is its machine's work`);
    }
    if (ts.isWhileStatement(node) || ts.isDoStatement(node)) say(node, "loops; trying again is its machine's work");
    if (ts.isSwitchStatement(node)) say(node, "switches; that is its machine's work");
    if (ts.isCallExpression(node) && /\bclock\.setTimeout$/.test(node.expression.getText(source))) {
      say(node, "sets a timer; waiting is its machine's work");
    }
  }
  const starts = [...withoutComments(textOf(path)).matchAll(/\bcreateActor\(/g)];
  return starts.length === 0
    ? found
    : [...found, { rule: 'wiring', where: path, what: 'calls createActor instead of a pool' }];
}
