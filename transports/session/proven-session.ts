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

/** Where a link goes on in a new session. */
export interface ResumeNumbers {
  /** Their frames that we said we have. What the session before brought since comes a second time and is skipped. */
  readonly told: number;
  /** Our frames that they said they have. */
  readonly theyReceived: number;
  /** True when they dialled the new session. */
  readonly answered: boolean;
}
