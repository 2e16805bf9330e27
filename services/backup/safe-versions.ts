import type { Catalogue } from '../../ports/catalogue.ts';
import type { Health } from '../../ports/health.ts';
import type { VersionId } from '../../protocol/ids.ts';

/** Remembers which versions were seen whole, and tells those that became so since the last question. */
export function createSafeVersions(needs: {
  readonly catalogue: Pick<Catalogue, 'state' | 'versions' | 'blocksOf'>;
  readonly health: Pick<Health, 'safetyOf'>;
}): () => Promise<readonly VersionId[]> {
  const safe = new Set<VersionId>();
  return async () => {
    if (needs.catalogue.state() === 'unknown') return [];
    const found: VersionId[] = [];
    for (const { version } of await needs.catalogue.versions()) {
      const isSafe = (await needs.health.safetyOf(await needs.catalogue.blocksOf(version))) === 'safe';
      if (isSafe && !safe.has(version)) found.push(version);
      if (isSafe) safe.add(version);
      else safe.delete(version);
    }
    return found;
  };
}
