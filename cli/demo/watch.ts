import { BitDustError } from '../../protocol/errors.ts';
import type { NodeClient } from '../client.ts';
import type { Context } from '../context.ts';
import type { Narrator } from './narrator.ts';

const POLL_MS = 250;

/** Asks until it holds; rejects with `DEMO_FAILED` and what was waited for when the time is over. */
export async function until(
  signal: AbortSignal,
  deadlineMs: number,
  what: string,
  holds: () => Promise<boolean>,
): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!(await holds())) {
    signal.throwIfAborted();
    if (performance.now() > end)
      throw new BitDustError('DEMO_FAILED', `Waited ${deadlineMs / 1_000} s in vain until ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

const TOLD =
  'seat.became-away,suppliers.changed,supplier.hired,supplier.dismissed,block.weakened,rebuild.started,rebuild.finished,rebuild.stuck';

/** Tells what the automats do while suppliers are lost and replaced. */
export async function watchRepair(
  story: { readonly context: Context; readonly narrator: Narrator },
  client: NodeClient,
): Promise<{ hasSeenDanger(): boolean; end(): void }> {
  const life = new AbortController();
  const signal = AbortSignal.any([life.signal, story.context.signal]);
  const lines = await client.call('events', { pattern: TOLD, follow: true }, { signal });
  const weakened = new Set<string>();
  let danger = false;
  void (async () => {
    for await (const fact of lines) {
      if (fact.type === 'seat.became-away' || fact.type === 'suppliers.changed') danger = true;
      const sentence = sentenceOf(fact, weakened);
      if (sentence) story.narrator.say('repair', sentence, { fact: fact.type });
    }
  })().catch(() => undefined);
  return { hasSeenDanger: () => danger, end: () => life.abort() };
}

function sentenceOf(fact: Readonly<Record<string, unknown>>, weakened: Set<string>): string | undefined {
  switch (fact['type']) {
    case 'seat.became-away':
      return `fire-hire: the supplier of seat ${fact['seat']} is missed`;
    case 'supplier.hired':
      return `supplier-finder: somebody else takes seat ${fact['seat']}`;
    case 'suppliers.changed':
      return `fire-hire: family version ${fact['version']} is signed, ${fact['seats']} seats`;
    case 'supplier.dismissed':
      return `fire-hire: the former supplier of seat ${fact['seat']} is dismissed`;
    case 'block.weakened': {
      const block = String(fact['block']);
      if (weakened.has(block)) return undefined;
      weakened.add(block);
      return weakened.size === 1 ? `backup-monitor: blocks are in danger, ${fact['held']} pieces held` : undefined;
    }
    case 'rebuild.finished':
      return `backup-rebuilder: ${fact['repaired']} blocks repaired in this pass`;
    case 'rebuild.stuck':
      return `backup-rebuilder: stuck, ${fact['reason']}`;
    default:
      return undefined;
  }
}
