import type { Messenger } from '../../ports/messenger.ts';
import type { PieceRef, PieceStore } from '../../ports/pieces.ts';
import type { Service } from '../kit/service.ts';
import { createCustomerDesk } from './customer-desk.ts';
import { createReceiver, type ReceiveNeeds } from './receive-pieces.ts';
import { createRemover, type RemoveNeeds } from './remove-pieces.ts';
import { createServer, type ServeNeeds } from './serve-pieces.ts';

export type PieceEndpointNeeds = Omit<ReceiveNeeds & ServeNeeds & RemoveNeeds, 'desk' | 'onRotten'> & {
  readonly messenger: Pick<Messenger, 'handle'>;
  readonly pieces: PieceStore;
  readonly onRotten: (ref: PieceRef) => void;
};

/** Where customers bring, read, compare, challenge and remove their pieces. */
export function createPieceEndpoint(needs: PieceEndpointNeeds): Service {
  const { messenger } = needs;
  const withDesk = { ...needs, desk: createCustomerDesk(needs) };
  const receive = createReceiver(withDesk);
  const server = createServer(withDesk);
  const remove = createRemover(withDesk);
  let endings: readonly (() => void)[] = [];
  return {
    start() {
      endings = [
        messenger.handle('Data', receive),
        messenger.handle('Retrieve', server.retrieve),
        messenger.handle('ListFiles', server.listFiles),
        messenger.handle('AuditPiece', server.auditPiece),
        messenger.handle('Delete', remove),
      ];
    },
    stop() {
      for (const end of endings) end();
      endings = [];
    },
  };
}
