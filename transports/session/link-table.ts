import type { DeviceId } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { SessionLink } from './link.ts';

/** All links that live, and which of them wait for their return. */
export class LinkTable {
  readonly #links = new Map<string, SessionLink>();

  add(link: SessionLink): void {
    this.#links.set(link.id, link);
    link.onState((state) => {
      if (state === 'down') this.#limitDown(link);
    });
    void link.closed.then(() => this.#links.delete(link.id));
  }

  /** The link of this id with this peer, when it lives. */
  find(peer: DeviceId, id: string): SessionLink | undefined {
    const link = this.#links.get(id);
    return link?.peer === peer && link.state !== 'closed' ? link : undefined;
  }

  /** The youngest living link with this peer. */
  youngestWith(peer: DeviceId): SessionLink | undefined {
    let youngest: SessionLink | undefined;
    for (const link of this.#links.values()) if (link.peer === peer && link.state !== 'closed') youngest = link;
    return youngest;
  }

  closeAll(cause: string): void {
    for (const link of [...this.#links.values()]) link.close(cause);
  }

  /** Of too many that wait, the one that waits longest is given up. */
  #limitDown(fallen: SessionLink): void {
    // Put behind the others, so that those that are down stand in the order of their fall.
    this.#links.delete(fallen.id);
    this.#links.set(fallen.id, fallen);
    const down = [...this.#links.values()].filter((link) => link.state === 'down');
    if (down.length > LIMITS.linksDownMax.value) down[0]?.drop('too many links wait for their return');
  }
}
