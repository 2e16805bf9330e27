import type { FastifyRequest } from 'fastify';
import { type SocketMessage, socketQuery } from '../../node/api/events.ts';
import { describeFailure } from '../../node/api/failures.ts';
import type { NodeApi } from '../../node/index.ts';
import { BitDustError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';

/** The part of a WebSocket that is used here. */
export interface EventSocket {
  readonly bufferedAmount: number;
  send(text: string): void;
  close(code: number, reason: string): void;
  terminate(): void;
  ping(): void;
  on(event: 'close' | 'error' | 'pong', listener: () => void): unknown;
}

/** The public subprotocol; the one that carries the token is never repeated back. */
const PROTOCOL = 'bitdust';
const PING_EVERY_MS = 30_000;

/** Close codes of RFC 6455 and its registry. */
const CLOSE = { normal: 1000, policy: 1008, tryAgain: 1013 };

/** Options of the WebSocket server: clients only listen, so what they send is small. */
export const socketOptions = {
  maxPayload: 4096,
  handleProtocols: (protocols: Set<string>): string | false => (protocols.has(PROTOCOL) ? PROTOCOL : false),
};

/** Makes the handler of event sockets: facts and transitions by the filters of the query, resumed after a number. */
export function eventSocketHandler(api: NodeApi): (socket: EventSocket, request: FastifyRequest) => void {
  let open = 0;
  return (socket, request) => {
    const query = socketQuery.safeParse(request.query);
    if (!query.success) return end(socket, new BitDustError('BAD_INPUT', 'The filters are not valid.'), CLOSE.policy);
    if (open >= LIMITS.eventSocketsMax.value) return end(socket, new BitDustError('RATE_LIMITED'), CLOSE.tryAgain);
    open++;
    const abort = new AbortController();
    const ended = (): void => abort.abort();
    socket.on('close', ended);
    socket.on('error', ended);
    const stopPinging = keepAlive(socket);
    void serve(api, socket, query.data, abort)
      .then(
        () => socket.close(CLOSE.normal, 'over'),
        (error: unknown) => end(socket, error, CLOSE.policy),
      )
      .finally(() => {
        open--;
        stopPinging();
      });
  };
}

interface Filters {
  readonly facts: string;
  readonly transitions?: string | undefined;
  readonly after?: number | undefined;
}

async function serve(api: NodeApi, socket: EventSocket, filters: Filters, abort: AbortController): Promise<void> {
  const { signal } = abort;
  const from = filters.after === undefined ? {} : { after: filters.after };
  const streams: Promise<void>[] = [];
  if (filters.facts !== '') {
    const facts = await api.events({ pattern: filters.facts, follow: true, ...from }, { signal });
    streams.push(forward(facts, (fact) => ({ kind: 'fact', fact }), socket, signal));
  }
  if (filters.transitions !== undefined) {
    const transitions = await api.automats.watch({ pattern: filters.transitions, ...from }, { signal });
    streams.push(forward(transitions, (transition) => ({ kind: 'transition', transition }), socket, signal));
  }
  try {
    await Promise.all(streams);
  } finally {
    abort.abort();
  }
}

/** A listener that cannot keep up is let go; it comes back with the last number it saw. */
async function forward<T>(
  lines: AsyncIterable<T>,
  wrap: (line: T) => SocketMessage,
  socket: EventSocket,
  signal: AbortSignal,
): Promise<void> {
  for await (const line of lines) {
    if (signal.aborted) return;
    if (socket.bufferedAmount > LIMITS.eventSocketBytesMax.value) {
      throw new BitDustError('RATE_LIMITED', 'The listener is too slow; resume after the last number.');
    }
    socket.send(JSON.stringify(wrap(line)));
  }
}

function end(socket: EventSocket, error: unknown, code: number): void {
  const { details: _details, ...failure } = describeFailure(error);
  socket.send(JSON.stringify({ kind: 'error', error: failure } satisfies SocketMessage));
  socket.close(code, failure.code);
}

/** Lets go of a listener whose machine vanished without a word. */
function keepAlive(socket: EventSocket): () => void {
  let answered = true;
  socket.on('pong', () => {
    answered = true;
  });
  const timer = setInterval(() => {
    if (!answered) return socket.terminate();
    answered = false;
    socket.ping();
  }, PING_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
