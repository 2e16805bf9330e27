import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { describeFailure, httpStatusOf } from '../../node/api/failures.ts';

/** Answers with the failure; what is not of the catalogue shows nothing of itself. */
export function refuse(reply: FastifyReply, error: unknown): FastifyReply {
  return reply.code(httpStatusOf(error)).type('application/json').send(describeFailure(error));
}

/** A signal that aborts when the caller hangs up before the answer is whole, or at the end of the gateway for one without end. */
export function signalOf(reply: FastifyReply, closing: AbortSignal | null): AbortSignal {
  const abort = new AbortController();
  const end = (): void => abort.abort();
  closing?.addEventListener('abort', end, { once: true });
  reply.raw.once('close', () => {
    closing?.removeEventListener('abort', end);
    if (!reply.raw.writableFinished) end();
  });
  return abort.signal;
}

/** One JSON object per line. A failure under way is the last line, `{"error": …}`. */
export function sendLines(reply: FastifyReply, lines: AsyncIterable<unknown>): FastifyReply {
  return reply.type('application/x-ndjson').send(Readable.from(asText(lines), { objectMode: false }));
}

async function* asText(lines: AsyncIterable<unknown>): AsyncIterable<string> {
  // The head of an answer leaves with its first bytes, and a listener wants to know at once that he is heard.
  yield '\n';
  try {
    for await (const line of lines) yield `${JSON.stringify(line)}\n`;
  } catch (error) {
    yield `${JSON.stringify({ error: describeFailure(error) })}\n`;
  }
}

/** The trailer that names the failure of an answer in bytes. */
export const ERROR_TRAILER = 'x-bitdust-error';

/**
 * Raw bytes. When they fail under way, a caller that asked for trailers is told why; any other sees the connection break,
 * so that half a file is never taken for a whole one.
 */
export function sendBytes(
  request: FastifyRequest,
  reply: FastifyReply,
  bytes: AsyncIterable<Uint8Array>,
): FastifyReply {
  reply.type('application/octet-stream');
  if (request.headers.te !== 'trailers') return reply.send(Readable.from(bytes, { objectMode: false }));
  let failure: unknown;
  reply.trailer(ERROR_TRAILER, async () => (failure === undefined ? '' : JSON.stringify(describeFailure(failure))));
  async function* untilFailure(): AsyncIterable<Uint8Array> {
    try {
      yield* bytes;
    } catch (error) {
      failure = error;
    }
  }
  return reply.send(Readable.from(untilFailure(), { objectMode: false }));
}
