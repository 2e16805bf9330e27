import type { ChartTransition } from './model.ts';

/** A delay as people say it: `20 s`, `10 min`, `6 h`. */
export function delayText(delayMs: number): string {
  if (delayMs < 1_000) return `${delayMs} ms`;
  if (delayMs < 60_000) return `${round(delayMs / 1_000)} s`;
  if (delayMs < 3_600_000) return `${round(delayMs / 60_000)} min`;
  return `${round(delayMs / 3_600_000)} h`;
}

/** What a transition waits for: `askToServe done`, `after answerTimeout (20 s)`, a command or a fact. */
export function eventLabel(transition: ChartTransition): string {
  const [kind, ...rest] = transition.event.split('.');
  const name = rest.join('.');
  if (kind === 'after') {
    const isNamed = !/^\d+$/.test(name);
    const length = transition.delayMs === null ? '' : delayText(transition.delayMs);
    return isNamed ? `after ${name}${length && ` (${length})`}` : `after ${length}`;
  }
  if (transition.event === 'done.state') return 'done';
  if (transition.event === 'always') return 'at once';
  if (kind === 'done' || kind === 'error') return `${name} ${kind === 'done' ? 'done' : 'failed'}`;
  return transition.event;
}

/** Event and guard: `settings.changed [isOwn]`. */
export function transitionLabel(transition: ChartTransition): string {
  const guard = transition.guard === null ? '' : ` [${transition.guard}]`;
  return `${eventLabel(transition)}${guard}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
