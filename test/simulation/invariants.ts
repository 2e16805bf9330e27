import type { ComposedNode } from '../../node/create-node.ts';
import type { PersonId } from '../../protocol/ids.ts';
import type { SimNetwork, SimNode } from './sim-network.ts';

const TRASH_MS = 30 * 86_400_000;

/** Looks at all running nodes between two steps of a run; gives what must never be. */
export interface InvariantChecker {
  check(): Promise<readonly string[]>;
  /** Pieces that were seen so far, in all stores together. */
  piecesSeen(): number;
}

/** Remembers every piece that a supplier ever had, and every family that anybody ever kept. */
export function createInvariantChecker(sim: SimNetwork): InvariantChecker {
  /** By piece and store: since when it lies in the trash, null while live. */
  const pieces = new Map<string, Map<string, number | null>>();
  /** By store and customer: what was kept or granted when last looked at, whichever is more. */
  const kept = new Map<string, number>();
  /** By owner and version: the hash of the family document. */
  const families = new Map<string, string>();

  async function checkStore({ name }: SimNode, { chapters }: ComposedNode): Promise<string[]> {
    const store = chapters.supplier?.pieces;
    if (!store) return [];
    const found = new Map<string, number | null>();
    const problems: string[] = [];
    for (const { customer, usedBytes, trashBytes, otherBytes, reservedBytes, grantBytes } of store.accounts()) {
      const taken = usedBytes + trashBytes + otherBytes + reservedBytes;
      // A grant that shrinks or ends removes nothing, but from then on nothing may be added.
      const allowed = Math.max(grantBytes, kept.get(`${name} ${customer}`) ?? 0);
      if (taken > allowed) problems.push(`${name} keeps ${taken} bytes of ${customer}, who has ${allowed}`);
      kept.set(`${name} ${customer}`, Math.max(taken, grantBytes));
      for await (const row of store.each(customer)) {
        found.set(`${row.customer}/${row.block}/${row.seat}`, row.trash?.since ?? null);
      }
    }
    const before = pieces.get(name) ?? new Map<string, number | null>();
    for (const [piece, since] of before) {
      if (found.has(piece)) continue;
      const isDue = since !== null && sim.worlds.clock.now() - since >= TRASH_MS;
      if (!isDue) problems.push(`${name} erased ${piece} before its 30 days`);
    }
    pieces.set(name, found);
    return problems;
  }

  async function checkFamilies({ name }: SimNode, { core }: ComposedNode): Promise<string[]> {
    const problems: string[] = [];
    const owners = new Set<PersonId>([core.self.person, ...(await core.logs.owners())]);
    for (const owner of owners) {
      const family = (await core.logs.of(owner)).family();
      if (!family) continue;
      const key = `${owner} version ${family.version}`;
      const known = families.get(key) ?? family.hash;
      families.set(key, known);
      if (known !== family.hash) problems.push(`${name} has another family of ${key}`);
      for (const field of ['seat', 'device', 'person'] as const) {
        if (new Set(family.seats.map((seat) => seat[field])).size < family.seats.length) {
          problems.push(`the family of ${key} names a ${field} twice`);
        }
      }
    }
    return problems;
  }

  return {
    async check() {
      const problems: string[] = [];
      for (const node of sim.nodes) {
        if (!node.running) continue;
        problems.push(...(await checkStore(node, node.running)), ...(await checkFamilies(node, node.running)));
      }
      return problems;
    },
    piecesSeen: () => [...pieces.values()].reduce((sum, store) => sum + store.size, 0),
  };
}
