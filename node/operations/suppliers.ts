import type { SeatView } from '../../ports/suppliers.ts';
import { BitDustError } from '../../protocol/errors.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import type { NodeOperations } from '../api/index.ts';
import type { SeatChange, SupplierRow } from '../api/suppliers.ts';
import type { CustomerPart } from '../assembly/chapters.ts';
import type { Core } from '../assembly/core.ts';
import { iso, isoOrNull } from './status.ts';

export interface SuppliersOperationsNeeds {
  readonly core: Core;
  /** Throws `SERVICE_OFF` when the node is no customer. */
  readonly customer: () => CustomerPart;
}

/** How long a replacement may take to be hired before the caller is told. */
const HIRE_MS = 120_000;
const PING_MS = 10_000;

/** The devices that keep this owner's pieces. */
export function suppliersOperations({ core, customer }: SuppliersOperationsNeeds): NodeOperations['suppliers'] {
  const linkOf = (device: DeviceId | null) => core.network.messenger.links().find((link) => link.peer === device);

  function row(seat: SeatView): SupplierRow {
    const link = linkOf(seat.device);
    const { contract } = seat;
    return {
      seat: seat.seat,
      person: seat.person,
      device: seat.device,
      nickname: null,
      state: seat.state,
      since: iso(seat.since),
      hiredAt: isoOrNull(seat.hiredAt),
      seenAt: isoOrNull(seat.seenAt),
      path: link?.transport ?? null,
      contract: contract && { ...contract, noticeUntil: isoOrNull(contract.noticeUntil) },
      pieces: { ...customer().health.pieceCounts(seat.seat) },
      standing: null,
      rttMs: link?.rttMs ?? null,
      reason: seat.reason,
    };
  }

  /** A named device must be another one, and answer, before its seat's holder is let go. */
  async function isThere(device: DeviceId, signal: AbortSignal): Promise<void> {
    if (device === core.self.device)
      throw new BitDustError('SUPPLIER_REFUSED', 'This device cannot be its own supplier.');
    const { outcome } = await core.contacts.greet(device, AbortSignal.any([signal, AbortSignal.timeout(PING_MS)]));
    if (outcome !== 'shaken') throw new BitDustError('PEER_UNREACHABLE');
  }

  async function change(seat: number, signal: AbortSignal, device?: DeviceId): Promise<SeatChange> {
    const { suppliers, health } = customer();
    const before = suppliers.seats().find((view) => view.seat === seat);
    if (!before) throw new BitDustError('SEAT_NOT_FOUND');
    if (device && suppliers.seats().some((view) => view.device === device))
      throw new BitDustError('SUPPLIER_ALREADY_HIRED');
    if (device) await isThere(device, signal);
    const refusal = refused(core.bus, seat);
    const ends = [signal, AbortSignal.timeout(HIRE_MS), ...(device ? [refusal.signal] : [])];
    const to = await suppliers.hire
      .replace({ seat, signal: AbortSignal.any(ends), ...(device ? { device } : {}) })
      .finally(refusal.end);
    if (to === null) throw new BitDustError(device ? 'SUPPLIER_REFUSED' : 'SUPPLIERS_TOO_FEW');
    const life = new AbortController();
    const handle = await core.tasks.open({
      kind: 'replace',
      title: `seat ${seat}`,
      phase: 'rebuilding',
      control: { cancel: () => life.abort() },
    });
    const answer = { seat, from: before.device, to, state: 'rebuilding' as const, task: handle.task };
    const isWhole = (): boolean => {
      const counts = health.pieceCounts(seat);
      handle.update({ progress: { ...handle.view().progress, doneItems: counts.held, totalItems: counts.wanted } });
      return counts.held === counts.wanted;
    };
    const done = (): void => {
      if (!isWhole()) return;
      end();
      handle.finish({ ...answer, state: 'done' });
    };
    const end = core.bus.subscribe(['block.repaired', 'health.measured', 'pieces.delivered'], done);
    life.signal.addEventListener('abort', () => {
      end();
      handle.cancelled();
    });
    done();
    return answer;
  }

  return {
    list: async () => {
      const { suppliers } = customer();
      const seats = suppliers.seats();
      return {
        ...suppliers.target(),
        connected: seats.filter((seat) => seat.state === 'connected').length,
        suppliers: seats.map(row),
      };
    },
    set: async (input) => {
      const { suppliers, setTarget } = customer();
      const from = suppliers.target();
      const to = 'auto' in input ? { k: null, n: 8 } : { k: input.k, n: input.n };
      await setTarget(to);
      suppliers.hire.setSeats(to.n);
      return { ...to, from: { ...from } };
    },
    replace: ({ seat }, { signal }) => change(seat, signal),
    switch: ({ seat, device }, { signal }) => change(seat, signal, device),
    ping: async (_, { signal }) => {
      const seats = customer()
        .suppliers.seats()
        .filter((seat) => seat.device !== null);
      const within = AbortSignal.any([signal, AbortSignal.timeout(PING_MS)]);
      return { suppliers: await Promise.all(seats.map((seat) => pingSeat(core, seat, within))) };
    },
  };
}

/** Aborts when the search for a seat found nobody who would take it. */
function refused(bus: Core['bus'], seat: number): { readonly signal: AbortSignal; readonly end: () => void } {
  const life = new AbortController();
  const end = bus.subscribe(['supplier.search-failed'], (fact) => {
    if (fact.seat === seat) life.abort();
  });
  return { signal: life.signal, end };
}

async function pingSeat(core: Core, seat: SeatView, signal: AbortSignal) {
  const device = seat.device!;
  try {
    const { outcome } = await core.contacts.greet(device, signal);
    if (outcome !== 'shaken') throw new BitDustError('PEER_UNREACHABLE');
    const rttMs = await core.network.messenger.ping(device, signal);
    const path = core.network.messenger.links().find((link) => link.peer === device)?.transport ?? null;
    return { seat: seat.seat, device, reached: true, rttMs, path, reason: null };
  } catch (error) {
    const reason = error instanceof BitDustError ? error.code : 'PEER_SILENT';
    return { seat: seat.seat, device, reached: false, rttMs: null, path: null, reason };
  }
}
