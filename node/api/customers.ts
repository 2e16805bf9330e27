import { z } from 'zod';
import { one } from './operation.ts';
import { bytes, count, name, personId, time } from './values.ts';

/** One customer of this node. */
export const customerRow = z.object({
  person: personId,
  nickname: z.string().nullable(),
  state: z.enum(['active', 'full', 'absent', 'onNotice', 'releasing']),
  contract: z.object({ bytes, usedBytes: bytes, noticeUntil: time.nullable() }),
  pieces: count,
  seenAt: time.nullable(),
});

/** A customer as `customers` shows it. */
export type CustomerRow = z.output<typeof customerRow>;

/** What this node gives; all but the donation is unknown while it is stopped. */
export const donationAnswer = z.object({
  donatedBytes: bytes,
  promisedBytes: bytes.nullable(),
  usedBytes: bytes.nullable(),
  trashBytes: bytes.nullable(),
  freeBytes: bytes.nullable(),
  fromBytes: bytes.nullable(),
});

/** What `donate` answers. */
export type DonationAnswer = z.output<typeof donationAnswer>;

/** The people whose pieces this node keeps. */
export const customersOperations = {
  'customers.list': one({
    summary: 'What is donated, promised and used, and every customer.',
    method: 'GET',
    path: '/customers',
    input: z.strictObject({}),
    answer: z.object({
      donatedBytes: bytes,
      promisedBytes: bytes,
      usedBytes: bytes,
      trashBytes: bytes,
      freeBytes: bytes,
      customers: z.array(customerRow),
    }),
    errors: ['SERVICE_OFF'],
  }),
  'customers.reject': one({
    summary: 'Gives a customer notice; his pieces stay until it is over.',
    method: 'POST',
    path: '/customers/:customer/reject',
    input: z.strictObject({ customer: name }),
    answer: customerRow,
    errors: ['SERVICE_OFF', 'CUSTOMER_NOT_FOUND'],
  }),
  donate: one({
    summary: 'Sets how much space is given to others.',
    method: 'PUT',
    path: '/donation',
    input: z.strictObject({ bytes }),
    answer: donationAnswer,
    errors: ['DISK_FULL'],
  }),
} as const;
