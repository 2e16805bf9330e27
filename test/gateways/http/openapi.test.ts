import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApiDocument } from '../../../gateways/http/openapi.ts';
import { OPERATION_NAMES, OPERATIONS } from '../../../node/api/index.ts';

interface Described {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema: Record<string, unknown> }> };
  readonly responses: Record<string, { readonly description: string; readonly content: Record<string, unknown> }>;
}

const document = openApiDocument('0.1.0') as {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Described>>;
  readonly components: { readonly schemas: Record<string, unknown> };
};
const described = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

test('every operation is described once, under its own route', () => {
  assert.equal(document.openapi, '3.1.0');
  assert.deepEqual(described.map(({ operation }) => operation.operationId).toSorted(), [...OPERATION_NAMES].toSorted());
  for (const { path, method, operation } of described) {
    const row = OPERATIONS[operation.operationId as (typeof OPERATION_NAMES)[number]];
    assert.equal(method.toUpperCase(), row.method);
    assert.equal(path, `/api/v1${row.path.replaceAll(/:([a-z]+)/gi, '{$1}')}`);
  }
});

test('every placeholder of a path is a required parameter, and no body repeats one', () => {
  for (const { path, operation } of described) {
    const placeholders = [...path.matchAll(/\{([a-z]+)\}/gi)].map(([, name]) => name);
    const inPath = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
    assert.deepEqual(
      inPath.map(({ name }) => name),
      placeholders,
      path,
    );
    assert.ok(inPath.every(({ required }) => required));
    const body = operation.requestBody?.content['application/json']?.schema['properties'] ?? {};
    for (const name of placeholders) assert.ok(!Object.hasOwn(body, name ?? ''), path);
  }
});

test('every answer has a status, a sentence and a schema, and failures name their codes', () => {
  for (const { operation } of described) {
    for (const [status, response] of Object.entries(operation.responses)) {
      assert.match(status, /^[245][0-9]{2}$/);
      assert.ok(response.description.length > 0);
      assert.equal(Object.keys(response.content).length, 1);
    }
    assert.match(operation.responses['401']?.description ?? '', /TOKEN_WRONG/);
  }
});

test('every reference of the document leads somewhere, and it is plain JSON', () => {
  const text = JSON.stringify(document);
  for (const [, name] of text.matchAll(/"\$ref":"#\/components\/schemas\/([A-Za-z]+)"/g)) {
    assert.ok(document.components.schemas[name ?? ''], name);
  }
  assert.deepEqual(JSON.parse(text), document);
});
