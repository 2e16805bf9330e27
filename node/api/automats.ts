import { z } from 'zod';
import { lines, one } from './operation.ts';
import { count, durationMs, name, time } from './values.ts';

/** One running machine. Nested states are written `a.b`, parallel ones `a.b,c.d`. */
export const automatRow = z.object({
  id: z.string(),
  machine: z.string(),
  chapter: z.string(),
  service: z.string().nullable(),
  state: z.string(),
  subject: z.record(z.string(), z.unknown()),
  since: time,
  openedAt: time,
  lastEvent: z.string().nullable(),
  transitions: count,
  status: z.enum(['active', 'done', 'error', 'stopped']),
});

/** A running machine as `automats` shows it. */
export type AutomatRow = z.output<typeof automatRow>;

/** One transition that was taken; its number is of the same row as the events'. */
export const transitionLine = z.object({
  seq: count,
  at: time,
  automat: z.string(),
  machine: z.string(),
  event: z.string(),
  from: z.string().nullable(),
  to: z.string(),
});

/** A transition as `automats watch` prints it. */
export type TransitionLine = z.output<typeof transitionLine>;

/** A machine drawn as data. */
export const chart = z.object({
  machine: z.string(),
  chapter: z.string(),
  description: z.string(),
  states: z.array(
    z.object({ path: z.string(), initial: z.boolean(), final: z.boolean(), invokes: z.array(z.string()) }),
  ),
  transitions: z.array(
    z.object({
      from: z.string(),
      to: z.string(),
      event: z.string(),
      guard: z.string().nullable(),
      delayMs: durationMs.nullable(),
    }),
  ),
});

/** The statechart of a machine, or its picture as text. */
export const chartAnswer = z.union([
  chart,
  z.object({ machine: z.string(), format: z.enum(['svg', 'mermaid']), text: z.string() }),
]);

/** What runs, and how it moves. */
export const automatsOperations = {
  'automats.list': one({
    summary: 'Running machines; a pattern matches ids, machines and chapters, with * for anything.',
    method: 'GET',
    path: '/automats',
    input: z.strictObject({
      pattern: z.string().max(200).optional(),
      limit: z.int().min(1).max(100_000).default(10_000),
    }),
    answer: z.object({ automats: z.array(automatRow), total: count }),
    errors: [],
  }),
  'automats.show': one({
    summary: "One machine's state, context, next events and last transitions.",
    method: 'GET',
    path: '/automats/:id',
    input: z.strictObject({ id: name }),
    answer: automatRow.extend({
      context: z.record(z.string(), z.unknown()),
      next: z.array(z.string()),
      children: z.array(z.string()),
      recent: z.array(z.object({ at: time, event: z.string(), from: z.string().nullable(), to: z.string() })),
    }),
    errors: ['AUTOMAT_NOT_FOUND'],
  }),
  'automats.watch': lines({
    summary: 'Transitions as they happen, after a sequence number when one is given.',
    method: 'GET',
    path: '/transitions',
    input: z.strictObject({ pattern: z.string().max(200).optional(), after: count.optional() }),
    answer: transitionLine,
    errors: ['EVENTS_GONE'],
  }),
  'automats.chart': one({
    summary: 'The statechart of a machine.',
    method: 'GET',
    path: '/charts/:machine',
    input: z.strictObject({ machine: name, format: z.enum(['svg', 'mermaid', 'json']).default('json') }),
    answer: chartAnswer,
    errors: ['MACHINE_UNKNOWN'],
  }),
} as const;
