import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { CHAPTERS, MACHINES } from '../../machines/index.ts';
import { chartModel } from '../../node/charts/index.ts';

const DAY_MS = 86_400_000;

function nodesOf(node: AnyStateNode): AnyStateNode[] {
  return [node, ...Object.values(node.states as Record<string, AnyStateNode>).flatMap(nodesOf)];
}

/** States that some chain of transitions leads to, guards taken as open. */
function reachable(machine: AnyStateMachine): Set<AnyStateNode> {
  const reached = new Set<AnyStateNode>();
  const enter = (node: AnyStateNode): void => {
    if (reached.has(node)) return;
    reached.add(node);
    if (node.parent) enter(node.parent);
    const inner = node.type === 'parallel' ? Object.values(node.states) : (node.initial?.target ?? []);
    for (const each of inner as AnyStateNode[]) enter(each);
  };
  enter(machine.root);
  for (let size = 0; size !== reached.size; ) {
    size = reached.size;
    for (const node of [...reached]) {
      const rows = [...node.transitions.values()].flat();
      for (const row of [...rows, ...(node.always ?? [])]) for (const target of row.target ?? []) enter(target);
    }
  }
  return reached;
}

for (const { machine, chapter } of MACHINES) {
  const nodes = nodesOf(machine.root);

  test(`${machine.id}: belongs to a chapter, has a description and a bound on iterations`, () => {
    assert.ok(CHAPTERS.includes(chapter));
    assert.match(machine.root.description ?? '', /^[A-Z].*\.$/);
    assert.equal(machine.options?.maxIterations, 100);
  });

  test(`${machine.id}: every state can be reached`, () => {
    const reached = reachable(machine);
    assert.deepEqual(
      nodes.filter((node) => !reached.has(node)).map((node) => node.id),
      [],
    );
  });

  test(`${machine.id}: every port has an answer for its failure and a named source`, () => {
    for (const node of nodes) {
      for (const invoke of node.invoke) {
        assert.equal(typeof invoke.src, 'string', `${node.id} invokes an inline source`);
        assert.ok(
          node.transitions.has(`xstate.error.actor.${invoke.id}`),
          `${node.id}: ${String(invoke.src)} has no onError`,
        );
      }
    }
  });

  test(`${machine.id}: every running port has a deadline`, () => {
    for (const node of nodes.filter((each) => each.invoke.length > 0)) {
      const line: AnyStateNode[] = [];
      for (let at: AnyStateNode | undefined = node; at; at = at.parent) line.push(at);
      assert.ok(
        line.some((each) => each.after.length > 0),
        `${node.id} waits for its port without a deadline`,
      );
    }
  });

  test(`${machine.id}: no timer is longer than a day, and every one has a name`, () => {
    for (const transition of chartModel(machine).transitions) {
      if (!transition.event.startsWith('after.')) continue;
      assert.match(transition.event, /^after\.[a-z]/, `${transition.from} has an unnamed delay`);
      assert.ok((transition.delayMs ?? 0) <= DAY_MS, `${transition.from}: ${transition.event}`);
    }
  });

  test(`${machine.id}: no wildcard at the root, no actor of a system name`, () => {
    assert.ok(!machine.root.transitions.has('*'));
    for (const node of nodes) for (const invoke of node.invoke) assert.equal(invoke.systemId, undefined);
  });

  test(`${machine.id}: a machine with an end is told to end, or ends by itself`, () => {
    const ends = nodes.some((node) => node.type === 'final');
    const lives = machine.events.includes('start') || machine.events.includes('stop');
    assert.ok(ends || lives, `${machine.id} has no final state and no stop`);
  });
}

test('no two machines share a name', () => {
  const names = MACHINES.map((row) => row.machine.id);
  assert.equal(new Set(names).size, names.length);
});
