import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { z } from 'zod';
import { backupAnswer } from '../../../node/api/backup.ts';
import { callOperation, createApi } from '../../../node/api/call.ts';
import { describeFailure, failureToError, httpStatusOf } from '../../../node/api/failures.ts';
import { OPERATION_NAMES, OPERATIONS, type Operation } from '../../../node/api/index.ts';
import { initAnswer, recoverAnswer, startAnswer } from '../../../node/api/local.ts';
import { restoreAnswer } from '../../../node/api/restore.ts';
import { rebuildCatalogueAnswer, verifyAnswer } from '../../../node/api/storage.ts';
import { BitDustError, ERRORS, isBitDustError } from '../../../protocol/errors.ts';
import * as samples from '../../support/api-samples.ts';
import { fakeOperations } from '../../support/fake-operations.ts';
import { sampleInputs } from '../../support/sample-inputs.ts';

test('every operation answers its own example through the checks on both sides', async () => {
  const api = createApi(fakeOperations());
  for (const name of OPERATION_NAMES) {
    const answer = await callOperation(api, name, sampleInputs[name]);
    if (OPERATIONS[name].kind === 'one') assert.equal(typeof answer, 'object', name);
    else for await (const line of answer as AsyncIterable<unknown>) assert.ok(line, name);
  }
});

test('answers that only the command line or a task gives fit their schemas without losing a field', () => {
  const pairs: [z.ZodType, unknown][] = [
    [backupAnswer, samples.backup],
    [restoreAnswer, samples.restore],
    [verifyAnswer, samples.verify],
    [rebuildCatalogueAnswer, samples.rebuildCatalogue],
    [initAnswer, samples.init],
    [recoverAnswer, samples.recover],
    [startAnswer, { ...samples.status, started: true }],
  ];
  for (const [schema, sample] of pairs) assert.deepEqual(schema.parse(sample), sample);
});

test('an input that breaks the schema is refused with every problem, before the operation runs', async () => {
  let called = false;
  const api = createApi(
    fakeOperations({
      backup: async () => {
        called = true;
        return samples.backupStarted;
      },
    }),
  );
  const wrong = { paths: [], set: '' };
  await assert.rejects(api.backup(wrong), (error: unknown) => {
    assert.ok(isBitDustError(error, 'BAD_INPUT'));
    assert.deepEqual(
      (error.details['problems'] as { key: string }[]).map(({ key }) => key),
      ['paths', 'set'],
    );
    return true;
  });
  assert.equal(called, false);
});

test('an answer that breaks the schema is an internal fault that names the operation', async () => {
  const api = createApi(fakeOperations({ status: async () => ({ ...samples.status, pid: -1 }) }));
  await assert.rejects(api.status(), (error: unknown) => {
    assert.ok(isBitDustError(error, 'INTERNAL'));
    assert.deepEqual(error.details, { operation: 'status' });
    return true;
  });
});

test('a wrong line ends a stream with an internal fault', async () => {
  async function* wrong() {
    yield samples.transition;
    yield { ...samples.transition, seq: -1 };
  }
  const api = createApi(fakeOperations({ automats: { watch: async () => wrong() } }));
  const seen: unknown[] = [];
  const reading = (async () => {
    for await (const line of await api.automats.watch()) seen.push(line);
  })();
  await assert.rejects(reading, (error: unknown) => isBitDustError(error, 'INTERNAL'));
  assert.deepEqual(seen, [samples.transition]);
});

test('no two operations share a route, and every path parameter is a field of the input', () => {
  const routes = OPERATION_NAMES.map((name) => {
    const { method, path } = OPERATIONS[name];
    return `${method} ${path.replaceAll(/:[a-z]+/gi, ':')}`;
  });
  assert.deepEqual([...new Set(routes)], routes);
  for (const name of OPERATION_NAMES) {
    const operation: Operation = OPERATIONS[name];
    const input = sampleInputs[name] as Record<string, unknown>;
    for (const [, field] of operation.path.matchAll(/:([a-z]+)/gi)) assert.ok(Object.hasOwn(input, field ?? ''), name);
    for (const code of operation.errors) assert.ok(Object.hasOwn(ERRORS, code), `${name} ${code}`);
  }
});

test('a failure keeps code, sentence and details from node to caller, and a strange error shows nothing of itself', () => {
  const error = new BitDustError('TOO_FEW_PIECES', undefined, { details: { blocks: [] } });
  const failure = describeFailure(error);
  assert.deepEqual(describeFailure(failureToError(failure)), failure);
  assert.equal(httpStatusOf(error), 503);
  assert.deepEqual(describeFailure(new Error('secret /home/alice')), {
    code: 'INTERNAL',
    message: ERRORS.INTERNAL.sentence,
    hint: ERRORS.INTERNAL.hint,
    details: {},
  });
});

test('the table can be loaded by a browser: nothing of Node is imported', () => {
  const folder = new URL('../../../node/api/', import.meta.url);
  for (const file of ['index', 'call', 'failures', 'values', 'operation', 'local', ...CHAPTERS]) {
    assert.doesNotMatch(readFileSync(new URL(`${file}.ts`, folder), 'utf8'), /from 'node:/, file);
  }
});

const CHAPTERS = [
  'automats',
  'backup',
  'catalogue',
  'config',
  'customers',
  'events',
  'identity',
  'restore',
  'services',
  'status',
  'storage',
  'suppliers',
  'tasks',
];
