import ts from 'typescript';
import { exists, sourcesUnder, textOf } from '../files.ts';
import { DECISIONS_IN_WIRING, TIMERS_IN_WIRING } from './exceptions.ts';
import type { Problem, Rule } from './problem.ts';
import { withoutComments } from './seam.ts';
import { lineOf, nodesOf, sourceOf } from './source.ts';

/** Conditions a wiring file may ask: is there an error, was it cancelled, which fact is it, is a thing there at all. */
const ALLOWED_IF =
  /error|abort|cancel|undefined|null|stopped|closed|^!?[\w.]+$|instanceof|fact\.type|\.has\(|\.get\(|\.length|\.size|pool\./i;
const SNAPSHOT = /\.getSnapshot\(\)|\bsnapshot\.(value|matches)|\.matches\(/;

/** A wiring file wires: decisions, waiting and trying again are the machine's. */
export const wiring: Rule = {
  name: 'wiring',
  check: () => [...wiringFiles().flatMap(problemsOf), ...tooManyDecisions()],
};

/** Wiring files that have a machine; the others are parts that carry and do not decide lifecycles. */
function wiringFiles(): string[] {
  return sourcesUnder('services').filter(
    (path) =>
      path.endsWith('.service.ts') && exists(path.replace(/^services(.*)\.service\.ts$/, 'machines$1.machine.ts')),
  );
}

function problemsOf(path: string): Problem[] {
  const source = sourceOf(path);
  const found: Problem[] = [];
  const say = (node: ts.Node, what: string) =>
    found.push({ rule: 'wiring', where: `${path}:${lineOf(source, node)}`, what });
  for (const node of nodesOf(source)) {
    if (ts.isIfStatement(node) && SNAPSHOT.test(node.expression.getText(source))) {
      say(node, `decides on the state of a machine: if (${node.expression.getText(source)})`);
    }
    if (ts.isCallExpression(node) && /\bclock\.setTimeout$/.test(node.expression.getText(source))) {
      if (!TIMERS_IN_WIRING[path]) say(node, "sets a timer; waiting is its machine's work");
    }
  }
  const starts = [...withoutComments(textOf(path)).matchAll(/\bcreateActor\(/g)];
  return starts.length === 0
    ? found
    : [...found, { rule: 'wiring', where: path, what: 'calls createActor, not a pool' }];
}

function tooManyDecisions(): Problem[] {
  return [...decisionsInWiring()].flatMap(([path, decisions]) => {
    const allowed = DECISIONS_IN_WIRING[path] ?? 0;
    if (decisions.length <= allowed) return [];
    const list = decisions.map((each) => `  ${each}`).join('\n');
    const what = `decides ${decisions.length} times where ${allowed} are allowed; that is its machine's work:\n${list}\n `;
    return [{ rule: 'wiring', where: path, what }];
  });
}

/** Conditions that are neither about errors and cancelling nor about a thing being there, and loops without a list. */
export function decisionsInWiring(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const path of wiringFiles()) {
    const source = sourceOf(path);
    for (const node of nodesOf(source)) {
      const decision = decisionOf(node, source);
      if (decision) found.set(path, [...(found.get(path) ?? []), `${lineOf(source, node)}: ${decision}`]);
    }
  }
  return found;
}

function decisionOf(node: ts.Node, source: ts.SourceFile): string | null {
  if (ts.isWhileStatement(node) || ts.isDoStatement(node)) return `while (${node.expression.getText(source)})`;
  if (ts.isSwitchStatement(node)) return `switch (${node.expression.getText(source)})`;
  if (!ts.isIfStatement(node)) return null;
  const condition = node.expression.getText(source);
  return ALLOWED_IF.test(condition) ? null : `if (${condition})`;
}
