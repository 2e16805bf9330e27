import { z } from 'zod';
import { transitionLine } from './automats.ts';
import { lines } from './operation.ts';
import { count, time } from './values.ts';

/** A fact of the bus with its number and time. */
export const eventLine = z.looseObject({ seq: count, at: time, type: z.string() });

/** A fact as `events` prints it; the fields beyond are the fact's own. */
export type EventLine = z.output<typeof eventLine>;

/** One line of the log. */
export const logLine = z.object({
  at: time,
  level: z.enum(['debug', 'info', 'warn', 'error']),
  chapter: z.string(),
  code: z.string().nullable(),
  message: z.string(),
});

/** A log line as `logs` prints it. */
export type LogLine = z.output<typeof logLine>;

/** What the event socket sends: facts, transitions, and once a failure before it closes. */
export const socketMessage = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('fact'), fact: eventLine }),
  z.object({ kind: z.literal('transition'), transition: transitionLine }),
  z.object({
    kind: z.literal('error'),
    error: z.object({ code: z.string(), message: z.string(), hint: z.string().nullable() }),
  }),
]);

/** A message of the event socket. */
export type SocketMessage = z.output<typeof socketMessage>;

/** Query of the event socket: patterns of fact types and of automats, comma-separated; `after` resumes. */
export const socketQuery = z.object({
  facts: z.string().max(1000).default('*'),
  transitions: z.string().max(1000).optional(),
  after: z.coerce.number().int().min(0).optional(),
});

/** What happens, as it happens. Facts and transitions are numbered in one row, so that one number resumes both. */
export const eventsOperations = {
  events: lines({
    summary: 'Facts of the bus, as they happen; a pattern matches types, with * for anything.',
    method: 'GET',
    path: '/events',
    input: z.strictObject({
      pattern: z.string().max(1000).optional(),
      after: count.optional(),
      follow: z.boolean().default(false),
    }),
    answer: eventLine,
    errors: ['EVENTS_GONE'],
  }),
  logs: lines({
    summary: 'The last lines of the log, and those to come when followed.',
    method: 'GET',
    path: '/logs',
    input: z.strictObject({
      follow: z.boolean().default(false),
      lines: z.int().min(0).max(100_000).default(100),
      level: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
    }),
    answer: logLine,
    errors: [],
  }),
} as const;
