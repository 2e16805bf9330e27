import type { ByteStream } from '../../ports/transports.ts';
import type { Clock, Random } from '../../ports/world.ts';
import { BitDustError } from '../../protocol/errors.ts';
import type { Wire } from './link-profile.ts';
import { Pipe } from './pipe.ts';

interface End {
  readonly host: string;
  readonly address: string;
  /** The wire from this end to the other. */
  readonly wire: Wire;
}

/** The two ends of one stream between two hosts. */
export interface MemoryPair {
  readonly from: string;
  readonly to: string;
  readonly listener: string;
  readonly dialled: ByteStream;
  readonly accepted: ByteStream;
  wiresChanged(): void;
  breakBoth(reason: string): void;
}

async function* chunksOf(pipe: Pipe, leave: () => void): AsyncGenerator<Uint8Array> {
  let whole = false;
  try {
    for (let chunk = await pipe.read(); chunk !== undefined; chunk = await pipe.read()) yield chunk;
    whole = true;
  } finally {
    if (!whole) leave(); // A reader that stops early leaves nothing half open.
  }
}

interface Side {
  readonly reads: Pipe;
  readonly writes: Pipe;
  /** The wire that carries what this side writes. */
  readonly wire: Wire;
  readonly remoteAddress: string;
}

/** One end. Destroyed, it stops at once; the other end hears of it over the wire. */
function endOf(side: Side, clock: Clock): ByteStream {
  const { reads, writes, wire, remoteAddress } = side;
  let leave: () => void = () => {};
  const left = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const overs = [reads, writes].map((pipe) => new Promise<void>((resolve) => pipe.whenOver(resolve)));
  const destroy = (cause?: Error) => {
    if (reads.over && writes.over) return;
    const why = cause instanceof BitDustError ? cause : reset('destroyed', cause);
    reads.deafen(why);
    writes.shut(why);
    leave();
    if (wire.cut) return;
    const arrive = () => breakAll(side, 'the other side ended it');
    if (wire.profile.latencyMs > 0) clock.setTimeout(arrive, wire.profile.latencyMs);
    else queueMicrotask(arrive);
  };
  return {
    incoming: chunksOf(reads, () => destroy()),
    write: (data) => writes.write(data),
    end: () => writes.end(),
    destroy,
    closed: Promise.race([left, Promise.all(overs).then(() => undefined)]),
    remoteAddress,
  };
}

function breakAll({ reads, writes }: Pick<Side, 'reads' | 'writes'>, reason: string): void {
  reads.breakNow(reset(reason));
  writes.breakNow(reset(reason));
}

function reset(reason: string, cause?: unknown): BitDustError {
  return new BitDustError('STREAM_RESET', undefined, { cause, details: { reason } });
}

/** Connects two hosts. A broken end is felt by the other one latency later, or when the cut is given up. */
export function connectedPair(options: {
  readonly from: End;
  readonly to: End;
  readonly listener: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly breakAfterMs: number;
  readonly over: (pair: MemoryPair) => void;
}): MemoryPair {
  const { from, to, listener, clock, random, breakAfterMs, over } = options;
  const there = new Pipe({ wire: from.wire, clock, random });
  const back = new Pipe({ wire: to.wire, clock, random });
  let givingUp: unknown;
  const stopGivingUp = () => {
    if (givingUp !== undefined) clock.clearTimeout(givingUp);
    givingUp = undefined;
  };
  const both = { reads: there, writes: back };
  const pair: MemoryPair = {
    from: from.host,
    to: to.host,
    listener,
    dialled: endOf({ reads: back, writes: there, wire: from.wire, remoteAddress: to.address }, clock),
    accepted: endOf({ reads: there, writes: back, wire: to.wire, remoteAddress: from.address }, clock),
    wiresChanged: () => {
      if (from.wire.cut || to.wire.cut) {
        givingUp ??= clock.setTimeout(() => breakAll(both, 'the path was cut'), breakAfterMs);
        return;
      }
      stopGivingUp();
      if (there.isShut || back.isShut) breakAll(both, 'the other side ended it');
      there.resume();
      back.resume();
    },
    breakBoth: (reason) => breakAll(both, reason),
  };
  const overs = [there, back].map((pipe) => new Promise<void>((resolve) => pipe.whenOver(resolve)));
  void Promise.all(overs).then(() => {
    stopGivingUp();
    over(pair);
  });
  return pair;
}
