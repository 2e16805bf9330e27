import { z } from 'zod';
import { one } from './operation.ts';
import { count, deviceId, name, personId, reason, time } from './values.ts';

/** The identity of this node, as far as others may see it. */
export const idAnswer = z.object({
  home: z.string(),
  person: personId,
  device: deviceId,
  nickname: z.string().nullable(),
  fingerprint: z.string(),
  revision: count,
  issuedAt: time,
  expiresAt: time.nullable(),
  devices: z.array(
    z.object({ device: deviceId, label: z.string().nullable(), addedAt: time.nullable(), current: z.boolean() }),
  ),
  services: z.array(z.string()),
  addresses: z.array(z.string()),
  sources: z.array(z.string()),
});

/** The identity of this node, as `id show` prints it. */
export type IdAnswer = z.output<typeof idAnswer>;

/** What a right answer to the three or 24 words gives. */
export const confirmAnswer = z.object({ confirmed: z.literal(true) });

const claim = z.object({
  person: personId,
  fingerprint: z.string(),
  claimedAt: time.nullable(),
  contactsInCommon: count,
  lookAlike: z.boolean(),
});

/** Identity and people. */
export const identityOperations = {
  'id.show': one({
    summary: 'Person, device, fingerprint and device list of this node.',
    method: 'GET',
    path: '/id',
    input: z.strictObject({}),
    answer: idAnswer,
    errors: ['IDENTITY_MISSING'],
  }),
  'id.confirmWords': one({
    summary: 'Checks that the owner has the 24 words, and notes that they do.',
    method: 'POST',
    path: '/id/confirm-words',
    input: z.strictObject({ words: z.array(z.string().max(40)).min(1).max(48) }),
    answer: confirmAnswer,
    errors: ['PHRASE_WORD_UNKNOWN', 'PHRASE_CHECKSUM', 'PHRASE_DIFFERS', 'IDENTITY_MISSING'],
  }),
  find: one({
    summary: 'Who claims a nickname in this network.',
    method: 'GET',
    path: '/people',
    input: z.strictObject({ nickname: name }),
    answer: z.object({ nickname: z.string(), claims: z.array(claim) }),
    errors: ['NICKNAME_NOT_FOUND', 'NETWORK_OFFLINE'],
  }),
  ping: one({
    summary: 'Reaches a person or device: an id, or the nickname of a contact or supplier.',
    method: 'POST',
    path: '/ping',
    input: z.strictObject({ who: name, timeoutMs: z.int().min(100).max(120_000).default(20_000) }),
    answer: z.object({
      who: z.string(),
      person: personId.nullable(),
      device: deviceId.nullable(),
      reached: z.boolean(),
      rttMs: z.number().min(0).nullable(),
      path: z.string().nullable(),
      reason,
    }),
    errors: ['IDENTITY_NOT_FOUND', 'NICKNAME_NOT_FOUND', 'NETWORK_OFFLINE'],
  }),
} as const;
