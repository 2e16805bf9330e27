import type { TrafficLoad, TrafficPlan } from '../../machines/system/budget.ts';
import type { Messenger } from '../../ports/messenger.ts';

const HOUR_MS = 3_600_000;

/** What the rate rules allow at this moment, by the hours of the machine's own time zone. */
export function planAt(rules: readonly RateRuleValue[], now: Date): TrafficPlan {
  const hour = now.getHours();
  const rule = rules.find(({ hours }) => isWithin(hours, hour));
  const untilNextHourMs = HOUR_MS - (now.getMinutes() * 60_000 + now.getSeconds() * 1_000 + now.getMilliseconds());
  return {
    up: rule?.up ?? null,
    down: rule?.down ?? null,
    closed: rule?.up === 0,
    nextEdgeMs: rules.length === 0 ? null : untilNextHourMs,
  };
}

interface RateRuleValue {
  readonly hours?: string | undefined;
  readonly up?: number | undefined;
  readonly down?: number | undefined;
}

function isWithin(hours: string | undefined, hour: number): boolean {
  if (hours === undefined) return true;
  const [from = 0, to = 24] = hours.split('-').map(Number);
  return from <= to ? hour >= from && hour < to : hour >= from || hour < to;
}

/** Tells how much slower peers answer now than at their best: the sign that somebody uses the line. */
export function loadMeter(messenger: Pick<Messenger, 'links'>): () => TrafficLoad {
  const best = new Map<string, number>();
  return () => {
    const delays = messenger.links().flatMap(({ peer, rttMs }) => {
      if (rttMs === null) return [];
      const least = Math.min(rttMs, best.get(peer) ?? rttMs);
      best.set(peer, least);
      return [rttMs - least];
    });
    const middle = delays.sort((a, b) => a - b)[Math.floor(delays.length / 2)];
    return { up: 0, down: 0, delayMs: middle ?? null };
  };
}
