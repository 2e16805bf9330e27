import type { FastifyInstance, FastifyRequest } from 'fastify';
import { callOperation } from '../../node/api/call.ts';
import { OPERATION_NAMES, OPERATIONS, type Operation, type OperationName } from '../../node/api/index.ts';
import type { NodeApi } from '../../node/index.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { sendBytes, sendLines, signalOf } from './answers.ts';
import type { EventSocket } from './event-socket.ts';
import { type FieldType, fieldTypesOf } from './schemas.ts';

/** Everything of the table is below this. */
export const API_ROOT = '/api/v1';

/** What the routes lead to. Answers without end are ended when `closing` aborts. */
export interface RouteOptions {
  readonly api: NodeApi;
  readonly closing: AbortSignal;
  readonly eventSocket: (socket: EventSocket, request: FastifyRequest) => void;
}

/** One route for every operation; that of events is a WebSocket too. Its input is put together from path, query (GET) and JSON body. */
export function addRoutes(app: FastifyInstance, { api, closing, eventSocket }: RouteOptions): void {
  for (const name of OPERATION_NAMES) {
    const operation: Operation = OPERATIONS[name];
    const types = fieldTypesOf(operation);
    app.route({
      method: operation.method,
      url: API_ROOT + operation.path,
      exposeHeadRoute: false,
      ...(name === 'events' ? { wsHandler: eventSocket } : {}),
      handler: async (request, reply) => {
        const options = { signal: signalOf(reply, operation.kind === 'lines' ? closing : null) };
        const answer: unknown = await callOperation(api, name as OperationName, inputOf(request, types), options);
        if (operation.kind === 'lines') return sendLines(reply, answer as AsyncIterable<unknown>);
        if (operation.kind === 'bytes') return sendBytes(request, reply, answer as AsyncIterable<Uint8Array>);
        return reply.send(answer);
      },
    });
  }
}

function inputOf(request: FastifyRequest, types: ReadonlyMap<string, FieldType>): Record<string, unknown> {
  const { body = {}, query, params } = request;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new BitDustError('BAD_INPUT', 'The body is not a JSON object.');
  }
  const input: Record<string, unknown> = Object.assign(Object.create(null), body);
  for (const [field, text] of [...entriesOf(query), ...entriesOf(params)]) {
    input[field] = readText(text, types.get(field) ?? 'text');
  }
  return { ...input };
}

function entriesOf(fields: unknown): [string, unknown][] {
  return Object.entries(fields as Record<string, unknown>);
}

/** What text of a path or query means; what does not fit is left for the check of the input. */
function readText(value: unknown, type: FieldType): unknown {
  if (type === 'list') return Array.isArray(value) ? value : [value];
  if (typeof value !== 'string') return value;
  if (type === 'number') return value.trim() === '' ? value : Number(value);
  if (type === 'boolean') return value === 'true' || (value === 'false' ? false : value);
  return value;
}
