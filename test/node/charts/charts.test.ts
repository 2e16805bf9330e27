import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assign, setup } from 'xstate';
import { MACHINES } from '../../../machines/index.ts';
import { port } from '../../../machines/kit/port.ts';
import { chartModel, drawnChart, mermaidOf, svgOf } from '../../../node/charts/index.ts';
import { layOut } from '../../../node/charts/layout.ts';
import { isBitDustError } from '../../../protocol/errors.ts';

const sample = setup({
  types: { context: {} as { tries: number }, events: {} as { type: 'stop' } | { type: 'again' } },
  actors: { ask: port<() => Promise<string>>('ask') },
  guards: { isTired: ({ context }) => context.tries > 3 },
  actions: { count: assign(({ context }) => ({ tries: context.tries + 1 })) },
  delays: { answerTimeout: 20_000, retryDelay: ({ context }) => context.tries * 1_000 },
}).createMachine({
  id: 'sample',
  description: 'Asks <twice> & rests.',
  context: { tries: 0 },
  initial: 'asking',
  on: { stop: '.stopped', again: { actions: 'count' } },
  states: {
    asking: {
      invoke: {
        src: 'ask',
        onDone: 'resting',
        onError: [{ guard: 'isTired', target: 'stopped' }, { target: 'resting.left' }],
      },
      after: { answerTimeout: { target: 'resting', actions: 'count' } },
    },
    resting: {
      type: 'parallel',
      states: { left: { initial: 'a', states: { a: { after: { retryDelay: 'b' } }, b: {} } }, right: {} },
    },
    stopped: { type: 'final' },
  },
});

test('a machine is read whole: states, ends, ports, guards, delays', () => {
  const chart = chartModel(sample);
  assert.deepEqual(
    chart.states.map(({ path, kind, initial }) => `${path} ${kind}${initial ? ' initial' : ''}`),
    [
      'asking atomic initial',
      'resting parallel',
      'resting.left compound initial',
      'resting.left.a atomic initial',
      'resting.left.b atomic',
      'resting.right atomic initial',
      'stopped final',
    ],
  );
  assert.deepEqual(chart.states[0]?.invokes, ['ask']);
  assert.deepEqual(
    chart.transitions.map(({ from, to, event, guard, delayMs }) => [from, to, event, guard, delayMs].join(' ')),
    [
      ' stopped stop  ',
      '  again  ',
      'asking resting done.ask  ',
      'asking stopped error.ask isTired ',
      'asking resting.left error.ask  ',
      'asking resting after.answerTimeout  20000',
      'resting.left.a resting.left.b after.retryDelay  ',
    ],
  );
});

test('the Mermaid text nests states and separates parallel ones', () => {
  assert.equal(
    mermaidOf(chartModel(sample)),
    `---
title: sample
---
stateDiagram-v2
  state "asking" as asking
  asking : runs ask
  [*] --> asking
  state "resting" as resting {
    state "left" as resting__left {
      state "a" as resting__left__a
      [*] --> resting__left__a
      state "b" as resting__left__b
    }
    --
    state "right" as resting__right
  }
  state "stopped" as stopped
  state "any state" as any_state
  any_state --> stopped : stop
  asking --> resting : ask done
  asking --> stopped : ask failed [isTired]
  asking --> resting__left : ask failed
  asking --> resting : after answerTimeout (20 s)
  resting__left__a --> resting__left__b : after retryDelay
  stopped --> [*]
`,
  );
});

test('the picture escapes text and marks every state and transition', () => {
  const svg = svgOf(chartModel(sample));
  assert.match(svg, /Asks &lt;twice&gt; &amp; rests\./);
  for (const { path } of chartModel(sample).states) assert.ok(svg.includes(`data-path="${path}"`), path);
  assert.equal(svg.match(/class="wire"/g)?.length, 6);
});

for (const { machine } of MACHINES) {
  test(`${machine.id}: in its picture no two boxes overlap and no row leaves its box`, () => {
    const { boxes, wires, width } = layOut(chartModel(machine));
    for (const box of boxes) {
      for (const row of box.rows) {
        assert.ok(row.y > box.y && row.y < box.y + box.height, `${box.path}: ${row.text}`);
        assert.ok((row.text.length + row.detail.length) * 6.9 < box.width, `${box.path}: ${row.text}`);
      }
      for (const other of boxes) {
        const isInside = box.path.startsWith(`${other.path}.`) || other.path.startsWith(`${box.path}.`);
        if (box === other || isInside) continue;
        assert.ok(box.y + box.height <= other.y || other.y + other.height <= box.y, `${box.path} and ${other.path}`);
      }
    }
    for (const wire of wires) assert.ok(wire.laneX > wire.fromX && wire.laneX < width);
  });
}

test('a machine that is not in the registry has no picture', () => {
  assert.throws(
    () => drawnChart('nothing', 'svg'),
    (error) => isBitDustError(error, 'MACHINE_UNKNOWN'),
  );
});
