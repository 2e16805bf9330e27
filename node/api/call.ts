import { z } from 'zod';
import { BitDustError } from '../../protocol/errors.ts';
import {
  type AnswerOf,
  type CallOptions,
  type InputOf,
  type NodeApi,
  type NodeOperations,
  OPERATION_NAMES,
  OPERATIONS,
  type Operation,
  type OperationName,
  type ReturnOf,
} from './index.ts';

type AnyMethod = (input: unknown, options?: CallOptions) => Promise<unknown>;
type AnyImplementation = (input: unknown, options: { readonly signal: AbortSignal }) => Promise<unknown>;
type Tree<F> = Record<string, F | Record<string, F>>;

/** Puts the checks of the table before and behind every implementation. */
export function createApi(operations: NodeOperations): NodeApi {
  const api: Tree<AnyMethod> = {};
  for (const name of OPERATION_NAMES) {
    const method = checkedMethod(name, find<AnyImplementation>(operations, name));
    const [group, own] = name.split('.') as [string, string | undefined];
    if (own === undefined) api[group] = method;
    else api[group] = { ...(api[group] as Record<string, AnyMethod> | undefined), [own]: method };
  }
  return api as unknown as NodeApi;
}

/** Calls an operation by its name, for faces that learn it at run time. */
export function callOperation<N extends OperationName>(
  api: NodeApi,
  name: N,
  input: InputOf<N> | unknown,
  options: CallOptions = {},
): Promise<ReturnOf<N>> {
  return find<AnyMethod>(api, name)(input, options) as Promise<ReturnOf<N>>;
}

/** The input as its operation wants it, or `BAD_INPUT` with every problem in `details.problems`. */
export function checkInput(name: OperationName, input: unknown): unknown {
  const checked = OPERATIONS[name].input.safeParse(input ?? {});
  if (checked.success) return checked.data;
  const problems = checked.error.issues.map((issue) => ({ key: issue.path.join('.'), message: issue.message }));
  const first = problems[0];
  const where = first?.key ? `${first.key}: ` : '';
  throw new BitDustError('BAD_INPUT', `The input is not valid. ${where}${first?.message ?? ''}`, {
    details: { problems },
  });
}

function find<F>(tree: object, name: OperationName): F {
  const [group, own] = name.split('.') as [string, string | undefined];
  const found = (tree as Tree<F>)[group];
  return (own === undefined ? found : (found as Record<string, F>)[own]) as F;
}

function checkedMethod(name: OperationName, implementation: AnyImplementation): AnyMethod {
  const operation: Operation = OPERATIONS[name];
  return async (input, { signal = new AbortController().signal } = {}) => {
    const answer = await implementation(checkInput(name, input), { signal });
    if (operation.kind === 'one') return checkAnswer(name, answer);
    return operation.kind === 'lines' ? checkedLines(name, answer as AsyncIterable<unknown>) : answer;
  };
}

async function* checkedLines(name: OperationName, lines: AsyncIterable<unknown>): AsyncIterable<unknown> {
  for await (const line of lines) yield checkAnswer(name, line);
}

/** An answer that breaks its own schema is a fault of the node, not of the caller. */
function checkAnswer<N extends OperationName>(name: N, answer: unknown): AnswerOf<N> {
  const checked = OPERATIONS[name].answer.safeParse(answer);
  if (checked.success) return checked.data as AnswerOf<N>;
  throw new BitDustError('INTERNAL', `The answer of ${name} breaks its schema. ${z.prettifyError(checked.error)}`, {
    cause: checked.error,
    details: { operation: name },
  });
}
