import { request } from 'node:http';
import { Registry } from 'prom-client';
import { type HttpGateway, openHttpGateway } from '../../gateways/http/index.ts';
import { createApi } from '../../node/api/call.ts';
import type { NodeOperations } from '../../node/api/index.ts';
import { fakeOperations } from './fake-operations.ts';

export const TOKEN = 'k'.repeat(43);

/** What was written to the log, for tests that nothing unexpected was. */
export const written: string[] = [];

/** The real gateway before operations that answer with samples. */
export function openFakeGateway(options: {
  readonly operations?: NodeOperations;
  readonly socket?: string;
  readonly down?: readonly { readonly service: string; readonly reason: string }[];
}): Promise<HttpGateway> {
  const { operations = fakeOperations(), socket = null, down = [] } = options;
  return openHttpGateway({
    node: {
      api: createApi(operations),
      health: () => ({ ok: down.length === 0, down }),
      metrics: new Registry(),
    },
    log: { write: (level, chapter, message) => void written.push(`${level} ${chapter} ${message}`) },
    version: '0.1.0',
    token: TOKEN,
    port: 0,
    socket,
  });
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly trailers: Readonly<Record<string, string | undefined>>;
  readonly complete: boolean;
  readonly json: () => Record<string, unknown>;
}

/** One request with exactly these headers; `fetch` would not let a test choose Host. */
export function ask(
  gateway: HttpGateway,
  path: string,
  options: {
    readonly method?: string;
    readonly headers?: Record<string, string>;
    readonly body?: string;
    readonly token?: string | null;
    readonly socket?: string;
  } = {},
): Promise<RawAnswer> {
  const { method = 'GET', body, token = TOKEN, socket } = options;
  const url = new URL(gateway.url);
  const headers: Record<string, string> = { host: socket === undefined ? url.host : 'localhost' };
  if (token !== null) headers['authorization'] = `Bearer ${token}`;
  if (body !== undefined) headers['content-type'] = 'application/json';
  const where = socket === undefined ? { host: url.hostname, port: url.port } : { socketPath: socket };
  return new Promise((resolve, reject) => {
    const asked = request(
      { ...where, agent: false, method, path, headers: { ...headers, ...options.headers } },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => {
          text += chunk;
        });
        answer.on('error', () => undefined);
        answer.on('close', () =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            text,
            trailers: answer.trailers as Record<string, string | undefined>,
            complete: answer.complete,
            json: () => JSON.parse(text) as Record<string, unknown>,
          }),
        );
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });
}
