import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { failureToError } from '../node/api/failures.ts';
import { type InputOf, OPERATIONS, type Operation, type OperationName, type ReturnOf } from '../node/api/index.ts';
import { BitDustError } from '../protocol/errors.ts';

/** The running node, as commands ask it. */
export interface NodeClient {
  readonly pid: number;
  /** Rejects with the error the node gave, with `NODE_NOT_RUNNING` when it is not there, `NODE_LOST` when it ends meanwhile. */
  call<N extends OperationName>(
    name: N,
    input: InputOf<N>,
    options?: { readonly signal?: AbortSignal },
  ): Promise<ReturnOf<N>>;
}

interface Address {
  readonly token: string;
  readonly where: { readonly socketPath: string } | { readonly host: string; readonly port: string };
}

/** Finds the node of a home by what it wrote there, and asks nothing yet. */
export async function connectNode(home: string): Promise<NodeClient> {
  const { homePaths } = await import('../node/home.ts');
  const { readApiFile } = await import('../node/api-file.ts');
  const { readText } = await import('../node/files.ts');
  const paths = homePaths(home);
  const file = readApiFile(paths);
  const token = readText(paths.token)?.trim();
  if (!file || !token) throw new BitDustError('NODE_NOT_RUNNING', undefined, { details: { home: paths.home } });
  const { hostname: host, port } = new URL(file.url);
  const address: Address = { token, where: file.socket === null ? { host, port } : { socketPath: file.socket } };
  return {
    pid: file.pid,
    call: (name, input, options = {}) => callNode(address, name, input, options.signal) as never,
  };
}

async function callNode(
  address: Address,
  name: OperationName,
  input: unknown,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const operation: Operation = OPERATIONS[name];
  const answer = await send(address, operation, { ...(input as Record<string, unknown>) }, signal);
  if (answer.statusCode !== 200) throw failureToError(JSON.parse(await textOf(answer)));
  if (operation.kind === 'lines') return linesOf(answer, signal);
  if (operation.kind === 'bytes') return bytesOf(answer);
  return JSON.parse(await textOf(answer));
}

/** Puts the input into path, query and body as the table says. */
function send(
  { token, where }: Address,
  { method, path, kind }: Operation,
  input: Record<string, unknown>,
  signal: AbortSignal | undefined,
): Promise<IncomingMessage> {
  const filled = path.replaceAll(/:([a-z]+)/gi, (_all, field: string) => {
    const value = String(input[field]);
    delete input[field];
    return encodeURIComponent(value);
  });
  const given = Object.entries(input).filter(([, value]) => value !== undefined);
  const query =
    method === 'GET'
      ? `?${new URLSearchParams(given.map(([key, value]) => [key, String(value)] as [string, string]))}`
      : '';
  const body = method === 'GET' ? undefined : JSON.stringify(Object.fromEntries(given));
  const headers = {
    authorization: `Bearer ${token}`,
    host: 'socketPath' in where ? 'localhost' : `${where.host}:${where.port}`,
    ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    ...(kind === 'bytes' ? { te: 'trailers' } : {}),
  };
  return new Promise((resolve, reject) => {
    const options = { ...where, agent: false, method, path: `/api/v1${filled}${query}`, headers };
    const request: ClientRequest = httpRequest({ ...options, ...(signal ? { signal } : {}) }, resolve);
    request.once('error', (error) => reject(connectionError(error, signal)));
    request.end(body);
  });
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of chunksOf(answer)) text += chunk.toString('utf8');
  return text;
}

async function* linesOf(answer: IncomingMessage, signal: AbortSignal | undefined): AsyncIterable<unknown> {
  let rest = Buffer.alloc(0);
  try {
    for await (const chunk of chunksOf(answer)) {
      rest = Buffer.concat([rest, chunk]);
      for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
        const text = rest.subarray(0, end).toString('utf8');
        rest = rest.subarray(end + 1);
        if (text === '') continue;
        const line = JSON.parse(text) as { error?: object };
        if (isFailureLine(line)) throw failureToError(line.error);
        yield line;
      }
    }
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
}

/** A line that holds nothing but an error is the end of the answer; a task has one among its other fields. */
function isFailureLine(line: object): line is { readonly error: object } {
  return 'error' in line && Object.keys(line).length === 1 && typeof line.error === 'object' && line.error !== null;
}

async function* bytesOf(answer: IncomingMessage): AsyncIterable<Uint8Array> {
  yield* chunksOf(answer);
  const failure = answer.trailers['x-bitdust-error'];
  if (failure) throw failureToError(JSON.parse(failure));
}

async function* chunksOf(answer: IncomingMessage): AsyncIterable<Buffer> {
  try {
    for await (const chunk of answer) yield chunk as Buffer;
  } catch (error) {
    throw connectionError(error as Error, undefined);
  }
}

/** Nobody there is one thing, somebody who went away in the middle another. */
function connectionError(error: Error, signal: AbortSignal | undefined): Error {
  if (signal?.aborted) return signal.reason instanceof Error ? signal.reason : new BitDustError('CANCELLED');
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ECONNREFUSED')
    return new BitDustError('NODE_NOT_RUNNING', undefined, { cause: error });
  if (code === 'EACCES' || code === 'EPERM') return new BitDustError('DENIED', 'The node belongs to somebody else.');
  if (error instanceof BitDustError) return error;
  return new BitDustError('NODE_LOST', undefined, { cause: error });
}
