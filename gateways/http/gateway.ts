import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { dirname } from 'node:path';
import rateLimit from '@fastify/rate-limit';
import websocket from '@fastify/websocket';
import fastify, { type FastifyInstance } from 'fastify';
import { describeFailure, httpStatusOf } from '../../node/api/failures.ts';
import type { BitDustNode } from '../../node/index.ts';
import type { Log } from '../../ports/world.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { refuse } from './answers.ts';
import { eventSocketHandler, socketOptions } from './event-socket.ts';
import { openApiDocument } from './openapi.ts';
import { addRoutes } from './routes.ts';
import { guardOf } from './security.ts';

/** What the gateway shows, and where. */
export interface HttpGatewayOptions {
  readonly node: Pick<BitDustNode, 'api' | 'health' | 'metrics'>;
  readonly log: Log;
  readonly version: string;
  /** Every request must carry it. */
  readonly token: string;
  /** On 127.0.0.1; 0 lets the system choose. */
  readonly port: number;
  /** Path of a Unix socket beside the port, or null. */
  readonly socket: string | null;
}

/** A local API that answers. */
export interface HttpGateway {
  readonly url: string;
  readonly socket: string | null;
  /** Ends running answers and stops listening. */
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
const CLOSE_DEADLINE_MS = 1000;

/** Opens the local API: loopback and a Unix socket, one token, the routes of the operations table. */
export async function openHttpGateway(options: HttpGatewayOptions): Promise<HttpGateway> {
  const app = fastify({
    bodyLimit: LIMITS.apiBodyBytesMax.value,
    routerOptions: { maxParamLength: 500 },
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    requestTimeout: 0,
  });
  const closing = new AbortController();
  await addEverything(app, options, closing.signal);
  try {
    await app.listen({ host: HOST, port: options.port });
    const address = app.server.address();
    const port = typeof address === 'object' && address ? address.port : options.port;
    const beside = options.socket === null ? undefined : await listenOnSocket(app, options.socket);
    return {
      url: `http://${HOST}:${port}`,
      socket: options.socket,
      close: () => close(app, beside, closing),
    };
  } catch (cause) {
    await app.close();
    if (cause instanceof BitDustError) throw cause;
    throw new BitDustError('ADDRESS_TAKEN', `The local API cannot listen: ${(cause as Error).message}`, { cause });
  }
}

/** Lets short answers finish; those without end are ended, and who does not take his is cut off. */
async function close(app: FastifyInstance, beside: Server | undefined, closing: AbortController): Promise<void> {
  closing.abort();
  const cutOff = setTimeout(() => {
    app.server.closeAllConnections();
    beside?.closeAllConnections();
  }, CLOSE_DEADLINE_MS);
  const besideClosed = new Promise<void>((resolve) => (beside ? beside.close(() => resolve()) : resolve()));
  beside?.closeIdleConnections();
  await Promise.all([app.close(), besideClosed]);
  clearTimeout(cutOff);
}

async function addEverything(app: FastifyInstance, options: HttpGatewayOptions, closing: AbortSignal): Promise<void> {
  const { node, log } = options;
  app.addHook('onRequest', guardOf(options.token));
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
    reply.header('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
  });
  await app.register(rateLimit, {
    max: LIMITS.apiRequestsPerMinuteMax.value,
    timeWindow: 60_000,
    keyGenerator: (request) => request.ip ?? 'socket',
    errorResponseBuilder: () => new BitDustError('RATE_LIMITED'),
  });
  await app.register(websocket, { options: socketOptions });
  app.setErrorHandler((error, request, reply) => {
    const known = knownError(error);
    if (httpStatusOf(known) >= 500 && describeFailure(known).code === 'INTERNAL') {
      log.write('error', 'faces', `${request.method} ${request.routeOptions.url}: ${known.message}`, 'INTERNAL');
    }
    return refuse(reply, known);
  });
  app.setNotFoundHandler((_request, reply) => refuse(reply, new BitDustError('ROUTE_NOT_FOUND')));
  addRoutes(app, { api: node.api, closing, eventSocket: eventSocketHandler(node.api) });
  addDescriptions(app, options);
}

function addDescriptions(app: FastifyInstance, { node, version }: HttpGatewayOptions): void {
  let document: unknown;
  app.get('/api/openapi.json', async () => (document ??= openApiDocument(version)));
  app.get('/health', async (_request, reply) => {
    const health = node.health();
    return reply.code(health.ok ? 200 : 503).send(health);
  });
  app.get('/metrics', async (_request, reply) => {
    if (!node.metrics) throw new BitDustError('ROUTE_NOT_FOUND');
    return reply.header('content-type', node.metrics.contentType).send(await node.metrics.metrics());
  });
}

/** Errors of the HTTP layer itself, in the words of the catalogue. */
function knownError(error: unknown): Error {
  if (error instanceof BitDustError) return error;
  const { statusCode = 500, message } = error as { statusCode?: number; message: string };
  if (statusCode === 413) return new BitDustError('TOO_LARGE', 'The request is larger than allowed.');
  if (statusCode >= 400 && statusCode < 500)
    return new BitDustError('BAD_INPUT', `The request is not valid. ${message}`);
  return error as Error;
}

/** A second server with the same handlers, on a socket that only its owner can open. */
async function listenOnSocket(app: FastifyInstance, path: string): Promise<Server> {
  if (process.platform !== 'win32') makePrivateFolder(dirname(path));
  rmSync(path, { force: true });
  const server = createServer((request, response) => app.routing(request, response));
  server.on('upgrade', (request, stream, head) => app.server.emit('upgrade', request, stream, head));
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  if (process.platform !== 'win32') chmodSync(path, 0o600);
  return server;
}

function makePrivateFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(folder);
  if (uid !== process.getuid?.() || (mode & 0o022) !== 0) {
    throw new BitDustError('HOME_INVALID', `The folder ${folder} of the socket is open to others.`);
  }
}
