import { z } from 'zod';
import { one } from './operation.ts';
import { count, name, reason, time } from './values.ts';

/** One service with its state, what it needs and why it is down. */
export const serviceRow = z.object({
  name: z.string(),
  state: z.enum(['off', 'waiting', 'starting', 'on', 'coolingDown', 'stopping']),
  enabled: z.boolean(),
  needs: z.array(z.string()),
  since: time,
  reason,
  automats: count,
  restarts: count,
});

/** A service as `services` shows it. */
export type ServiceRow = z.output<typeof serviceRow>;

const input = z.strictObject({ service: name });
const errors = ['SERVICE_UNKNOWN', 'SERVICE_ALWAYS_ON'] as const;

/** What is switched on. */
export const servicesOperations = {
  'services.list': one({
    summary: 'Every service with its state, and the reason when it is down.',
    method: 'GET',
    path: '/services',
    input: z.strictObject({}),
    answer: z.object({ services: z.array(serviceRow) }),
    errors: [],
  }),
  'services.start': one({
    summary: 'Switches a service on, and keeps it so.',
    method: 'POST',
    path: '/services/:service/start',
    input,
    answer: serviceRow,
    errors,
  }),
  'services.stop': one({
    summary: 'Switches a service off, and keeps it so.',
    method: 'POST',
    path: '/services/:service/stop',
    input,
    answer: serviceRow,
    errors,
  }),
  'services.restart': one({
    summary: 'Stops a service and starts it again.',
    method: 'POST',
    path: '/services/:service/restart',
    input,
    answer: serviceRow,
    errors,
  }),
  'services.health': one({
    summary: 'What a service says about its own health.',
    method: 'GET',
    path: '/services/:service/health',
    input,
    answer: serviceRow.extend({
      healthy: z.boolean(),
      checks: z.array(z.object({ name: z.string(), ok: z.boolean(), message: z.string() })),
    }),
    errors: ['SERVICE_UNKNOWN'],
  }),
} as const;
