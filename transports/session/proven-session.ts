import type { Link } from '../../ports/sessions.ts';
import type { Channel } from './channel.ts';
import type { FrameReader } from './frames.ts';

/** A proven session, ready to carry a link. */
export interface ProvenSession {
  readonly channel: Channel;
  readonly reader: FrameReader;
  readonly path: Link['path'];
  readonly observedAddress: string | null;
}
