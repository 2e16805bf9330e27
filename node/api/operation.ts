import type { z } from 'zod';
import type { ErrorCode } from '../../protocol/errors.ts';

/** How an operation answers: with one object, with objects one after another, or with raw bytes. */
export type AnswerKind = 'one' | 'lines' | 'bytes';

/** One thing a node can be asked for. From it come the API type, the HTTP route, the OpenAPI entry and the client. */
export interface Operation<
  Input extends z.ZodType = z.ZodType,
  Answer extends z.ZodType = z.ZodType,
  Kind extends AnswerKind = AnswerKind,
> {
  readonly summary: string;
  readonly method: 'GET' | 'POST' | 'PUT';
  /** Below `/api/v1`; `:name` takes the field of that name from the input, the rest is query (GET) or JSON body. */
  readonly path: string;
  readonly kind: Kind;
  readonly input: Input;
  /** Of one line when the operation answers with lines; unused when it answers with bytes. */
  readonly answer: Answer;
  /** Codes of its own, beside `BAD_INPUT`, `INTERNAL` and `CANCELLED`, which every operation may give. */
  readonly errors: readonly ErrorCode[];
}

type Described<Input extends z.ZodType, Answer extends z.ZodType> = Omit<Operation<Input, Answer>, 'kind'>;

/** Declares an operation that answers with one object. */
export function one<I extends z.ZodType, A extends z.ZodType>(described: Described<I, A>): Operation<I, A, 'one'> {
  return { ...described, kind: 'one' };
}

/** Declares an operation that answers with a line after another, until it is over or nobody listens. */
export function lines<I extends z.ZodType, A extends z.ZodType>(described: Described<I, A>): Operation<I, A, 'lines'> {
  return { ...described, kind: 'lines' };
}

/** Declares an operation that answers with bytes. */
export function rawBytes<I extends z.ZodType, A extends z.ZodType>(
  described: Described<I, A>,
): Operation<I, A, 'bytes'> {
  return { ...described, kind: 'bytes' };
}
