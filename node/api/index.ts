import type { z } from 'zod';
import { automatsOperations } from './automats.ts';
import { backupOperations } from './backup.ts';
import { catalogueOperations } from './catalogue.ts';
import { configOperations } from './config.ts';
import { customersOperations } from './customers.ts';
import { eventsOperations } from './events.ts';
import { identityOperations } from './identity.ts';
import type { Operation } from './operation.ts';
import { restoreOperations } from './restore.ts';
import { servicesOperations } from './services.ts';
import { statusOperations } from './status.ts';
import { storageOperations } from './storage.ts';
import { suppliersOperations } from './suppliers.ts';
import { tasksOperations } from './tasks.ts';

/** Everything a node can be asked for: the one table behind the API type, the HTTP routes, OpenAPI and the command line. */
export const OPERATIONS = {
  ...statusOperations,
  ...identityOperations,
  ...servicesOperations,
  ...automatsOperations,
  ...suppliersOperations,
  ...customersOperations,
  ...backupOperations,
  ...catalogueOperations,
  ...restoreOperations,
  ...storageOperations,
  ...configOperations,
  ...eventsOperations,
  ...tasksOperations,
} as const satisfies Record<string, Operation>;

/** The name of an operation: `ls`, `storage.verify`. */
export type OperationName = keyof typeof OPERATIONS;
type Table = typeof OPERATIONS;

/** What a caller passes. */
export type InputOf<N extends OperationName> = z.input<Table[N]['input']>;
/** The input after its check, with defaults filled in. */
export type CheckedInputOf<N extends OperationName> = z.output<Table[N]['input']>;
/** The answer, or one line of it. */
export type AnswerOf<N extends OperationName> = z.output<Table[N]['answer']>;

/** What calling the operation resolves with: an object, lines to come, or bytes to come. */
export type ReturnOf<N extends OperationName> = Table[N]['kind'] extends 'one'
  ? AnswerOf<N>
  : Table[N]['kind'] extends 'lines'
    ? AsyncIterable<AnswerOf<N>>
    : AsyncIterable<Uint8Array>;

/** Leaving early: abort, and what was begun for the call alone ends. */
export interface CallOptions {
  readonly signal?: AbortSignal;
}

type Method<N extends OperationName, Input> = undefined extends Input
  ? (input?: Input, options?: CallOptions) => Promise<ReturnOf<N>>
  : Record<never, never> extends Input
    ? (input?: Input, options?: CallOptions) => Promise<ReturnOf<N>>
    : (input: Input, options?: CallOptions) => Promise<ReturnOf<N>>;

type Implementation<N extends OperationName> = (
  input: CheckedInputOf<N>,
  options: { readonly signal: AbortSignal },
) => Promise<ReturnOf<N>>;

type Groups = { [N in OperationName]: N extends `${infer G}.${string}` ? G : never }[OperationName];
type Single = { [N in OperationName]: N extends `${string}.${string}` ? never : N }[OperationName];
type In<G extends string> = Extract<OperationName, `${G}.${string}`>;
type Last<N extends string> = N extends `${string}.${infer L}` ? L : N;

/** The public TypeScript API of a node: `api.backup(…)`, `api.storage.verify(…)`. Every input and answer is checked. */
export type NodeApi = { readonly [N in Single]: Method<N, InputOf<N>> } & {
  readonly [G in Groups]: { readonly [N in In<G> as Last<N>]: Method<N, InputOf<N>> };
};

/** What stands behind the API: the same tree of functions, given checked input and a signal. */
export type NodeOperations = { readonly [N in Single]: Implementation<N> } & {
  readonly [G in Groups]: { readonly [N in In<G> as Last<N>]: Implementation<N> };
};

/** Every name of the table, in its order. */
export const OPERATION_NAMES = Object.keys(OPERATIONS) as OperationName[];

export type { AnswerKind, Operation } from './operation.ts';
