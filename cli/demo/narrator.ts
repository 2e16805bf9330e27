import type { Context } from '../context.ts';

export type DemoStep =
  | 'network'
  | 'hire'
  | 'backup'
  | 'kill'
  | 'repair'
  | 'erase'
  | 'recover'
  | 'restore'
  | 'compare'
  | 'done';

/** Tells the story: one line a step, as JSON or for people. */
export interface Narrator {
  say(step: DemoStep, message: string, figures?: Readonly<Record<string, unknown>>): void;
  /** A line that is replaced by the next one, on a terminal only. */
  progress(message: string): void;
  elapsedMs(): number;
}

const WIDTH = 9;

/** A narrator over the context of the command. */
export function createNarrator(context: Context): Narrator {
  const startedAt = performance.now();
  const elapsedMs = (): number => Math.round(performance.now() - startedAt);
  let open = false;
  const clear = (): void => {
    if (open) process.stderr.write('\r\u001b[K');
    open = false;
  };
  return {
    elapsedMs,
    say(step, message, figures = {}) {
      clear();
      const seconds = (elapsedMs() / 1_000).toFixed(1).padStart(6);
      const head = context.style('cyan', step.padEnd(WIDTH));
      context.line(
        { at: new Date().toISOString(), step, message, ...figures },
        () => `${context.style('dim', `${seconds} s`)}  ${head} ${message}`,
      );
    },
    progress(message) {
      if (!context.interactive) return;
      clear();
      process.stderr.write(message.slice(0, (process.stderr.columns ?? 80) - 1));
      open = true;
    },
  };
}

/** Bytes for people: 12.3 MB. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Milliseconds for people: 4.2 s. */
export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
