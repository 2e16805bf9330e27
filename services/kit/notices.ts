import type { Messenger, PeerRequest } from '../../ports/messenger.ts';
import { type COMMANDS, checkPayload } from '../../protocol/commands.ts';
import type { Shaped } from '../../protocol/shape.ts';

/** What one side of a contract tells the other. */
export type NoticePayload = Shaped<(typeof COMMANDS)['Notice']['payload']>;
type NoticeKind = NoticePayload['kind'];
type Listener = (request: PeerRequest, notice: NoticePayload) => Promise<void>;

/** Hands notices to those who listen for their kind; each checks the sender's right himself. */
export interface Notices {
  on(kind: NoticeKind, listener: Listener): () => void;
}

/** One handler of `Notice` for all chapters. A kind nobody listens for is acknowledged and forgotten. */
export function createNotices(messenger: Pick<Messenger, 'handle'>): Notices & { stop(): void } {
  const listeners = new Map<NoticeKind, Set<Listener>>();
  const stop = messenger.handle('Notice', async (request) => {
    const notice = checkPayload('Notice', request.payload);
    for (const listener of [...(listeners.get(notice.kind) ?? [])]) await listener(request, notice);
    return { payload: {} };
  });
  return {
    on(kind, listener) {
      const set = listeners.get(kind) ?? new Set();
      listeners.set(kind, set.add(listener));
      return () => set.delete(listener);
    },
    stop,
  };
}
