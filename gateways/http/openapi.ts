import { httpStatusOf } from '../../node/api/failures.ts';
import { OPERATION_NAMES, OPERATIONS, type Operation } from '../../node/api/index.ts';
import { failure } from '../../node/api/values.ts';
import { BitDustError, type ErrorCode } from '../../protocol/errors.ts';
import { API_ROOT } from './routes.ts';
import { type JsonSchema, jsonSchemaOf } from './schemas.ts';

const EVERYWHERE: readonly ErrorCode[] = [
  'BAD_INPUT',
  'TOKEN_WRONG',
  'HOST_NOT_ALLOWED',
  'ORIGIN_NOT_ALLOWED',
  'RATE_LIMITED',
  'INTERNAL',
];

const CONTENT_TYPES = { one: 'application/json', lines: 'application/x-ndjson', bytes: 'application/octet-stream' };

/** The OpenAPI 3.1 document of the local API, made from the schemas that check every request and answer. */
export function openApiDocument(version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const name of OPERATION_NAMES) {
    const operation: Operation = OPERATIONS[name];
    const path = API_ROOT + operation.path.replaceAll(/:([a-z]+)/gi, '{$1}');
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: describe(name, operation) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'BitDust node',
      version,
      description: `The local API of one node. \`GET ${API_ROOT}/events\` is a WebSocket too, of facts and transitions.`,
    },
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: { Failure: jsonSchemaOf(failure, 'output') },
    },
  };
}

function describe(name: string, operation: Operation): Record<string, unknown> {
  const input = jsonSchemaOf(operation.input, 'input');
  const inPath = [...operation.path.matchAll(/:([a-z]+)/gi)].map(([, field]) => field as string);
  const parameters = parametersOf(input, inPath, operation.method === 'GET');
  return {
    operationId: name,
    summary: operation.summary,
    tags: [name.split('.')[0]],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(operation.method === 'GET' ? {} : { requestBody: bodyOf(input, inPath) }),
    responses: { '200': answerOf(operation), ...failuresOf([...EVERYWHERE, ...operation.errors]) },
  };
}

function parametersOf(input: JsonSchema, inPath: readonly string[], withQuery: boolean): unknown[] {
  return Object.entries(input.properties ?? {})
    .filter(([field]) => withQuery || inPath.includes(field))
    .map(([field, schema]) => ({
      name: field,
      in: inPath.includes(field) ? 'path' : 'query',
      required: inPath.includes(field) || (input.required ?? []).includes(field),
      schema,
    }));
}

function bodyOf(input: JsonSchema, inPath: readonly string[]): Record<string, unknown> {
  const properties = Object.entries(input.properties ?? {}).filter(([field]) => !inPath.includes(field));
  const required = (input.required ?? []).filter((field) => !inPath.includes(field));
  const schema = input.properties ? { ...input, properties: Object.fromEntries(properties), required } : input;
  return { required: required.length > 0, content: { 'application/json': { schema } } };
}

function answerOf(operation: Operation): Record<string, unknown> {
  const schema = operation.kind === 'bytes' ? {} : jsonSchemaOf(operation.answer, 'output');
  const description = { one: 'Done.', lines: 'One object per line.', bytes: 'The bytes.' }[operation.kind];
  return { description, content: { [CONTENT_TYPES[operation.kind]]: { schema } } };
}

/** The codes by HTTP status. */
function failuresOf(codes: readonly ErrorCode[]): Record<string, unknown> {
  const byStatus = Map.groupBy(new Set(codes), (code) => String(httpStatusOf(new BitDustError(code))));
  return Object.fromEntries(
    [...byStatus].map(([status, those]) => [
      status,
      {
        description: those.join(', '),
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Failure' } } },
      },
    ]),
  );
}
