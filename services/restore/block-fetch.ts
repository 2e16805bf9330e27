import type { SeatFault } from '../../machines/restore/block-fetcher.machine.ts';
import type { BlockRow } from '../../ports/order-logs.ts';
import type { DeviceId } from '../../protocol/ids.ts';
import { type LeafSpan, type RetrieveNeeds, retrievePiece } from './retrieve.ts';

export interface BlockFetchOptions extends RetrieveNeeds {
  readonly row: BlockRow;
  readonly span: LeafSpan;
  /** Who gives the piece of a seat now. */
  readonly supplierOf: (seat: number) => DeviceId | null;
  /** Pieces that are here already, verified, by index. */
  readonly have: ReadonlyMap<number, Uint8Array>;
}

/**
 * The bytes side of one `block-fetcher`: requests go on while the machine decides to ask more seats, and all are ended
 * together. Nothing of it enters the machine but counts and faults.
 */
export class BlockFetch {
  readonly pieces: Map<number, Uint8Array>;
  readonly #options: BlockFetchOptions;
  readonly #life = new AbortController();
  readonly #asked = new Map<number, 'running' | 'answered'>();
  readonly #startedAt = new Map<number, number>();
  readonly #faults: SeatFault[] = [];
  readonly #waiting = new Set<() => void>();
  #fetchedBytes = 0;

  constructor(options: BlockFetchOptions) {
    this.#options = options;
    this.pieces = new Map(options.have);
  }

  get fetchedBytes(): number {
    return this.#fetchedBytes;
  }

  /** Asks the seats not asked yet; resolves with enough pieces, or when all asked have answered. */
  async ask(
    seats: readonly number[],
    options: { readonly need: number; readonly signal: AbortSignal },
  ): Promise<{ readonly got: number; readonly faults: readonly SeatFault[] }> {
    for (const seat of seats) if (!this.#asked.has(seat)) this.#start(seat);
    const isOver = (): boolean =>
      this.pieces.size >= options.need || seats.every((seat) => this.#asked.get(seat) === 'answered');
    while (!isOver()) await this.#nextAnswer(options.signal);
    return { got: this.pieces.size, faults: this.#faults.splice(0) };
  }

  /** Ends what still runs; slow answers are thrown away, and lower the rank of their seats. */
  end(): void {
    const { clock, speeds } = this.#options;
    for (const [seat, state] of this.#asked)
      if (state === 'running') speeds.note(seat, clock.monotonic() - (this.#startedAt.get(seat) ?? 0), 0);
    this.#life.abort(new DOMException('enough pieces came', 'AbortError'));
  }

  #start(seat: number): void {
    const { row, span, supplierOf } = this.#options;
    const index = row.seats.indexOf(seat);
    const supplier = supplierOf(seat);
    if (index < 0 || supplier === null || this.pieces.has(index)) {
      this.#asked.set(seat, 'answered');
      return;
    }
    this.#asked.set(seat, 'running');
    this.#startedAt.set(seat, this.#options.clock.monotonic());
    const run = retrievePiece(this.#options, { row, index, supplier, span, signal: this.#life.signal });
    void run
      .then((answer) => {
        if ('data' in answer) {
          this.pieces.set(index, answer.data);
          this.#fetchedBytes += answer.data.length;
        } else if (answer.fault !== 'unable') this.#faults.push({ seat, supplier, fault: answer.fault });
      })
      .catch(() => undefined)
      .finally(() => {
        this.#asked.set(seat, 'answered');
        for (const wake of [...this.#waiting]) wake();
      });
  }

  #nextAnswer(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        this.#waiting.delete(done);
        signal.removeEventListener('abort', fail);
        resolve();
      };
      const fail = (): void => {
        this.#waiting.delete(done);
        reject(signal.reason);
      };
      this.#waiting.add(done);
      if (signal.aborted) fail();
      else signal.addEventListener('abort', fail, { once: true });
    });
  }
}
