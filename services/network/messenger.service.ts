import { type MessengerNeeds, type MessengerService, PacketMessenger } from './packet-messenger.ts';

export type { MessengerNeeds, MessengerService } from './packet-messenger.ts';

/** The messenger of one node: no machine decides here, packets are checked and handed on by plain functions. */
export function createMessenger(needs: MessengerNeeds): MessengerService {
  return new PacketMessenger(needs);
}
