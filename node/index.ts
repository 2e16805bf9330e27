/**
 * The public TypeScript API of a node. A `bitdust.config.ts` and scripts import it as `bitdust`.
 *
 * @example
 * import { defineConfig } from 'bitdust';
 * export default defineConfig({ nickname: 'alice' });
 */

export type { Fact, FactType } from '../bus/facts/index.ts';
export { BitDustError, type ErrorCode, isBitDustError } from '../protocol/errors.ts';
export type { AnswerOf, CallOptions, InputOf, NodeApi, OperationName } from './api/index.ts';
export { type BitDustConfig, type CustomerCandidate, defineConfig } from './config/define.ts';
export type { BitDustNode } from './node.ts';
