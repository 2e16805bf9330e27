import type { Clock } from '../../ports/world.ts';

/** Looks at deadlines that lie in records again and again, an hour or a few apart. Returns the function that ends it. */
export function every(clock: Clock, periodMs: number, look: () => void): () => void {
  let timer: unknown;
  const arm = (): void => {
    timer = clock.setTimeout(() => {
      arm();
      look();
    }, periodMs);
  };
  arm();
  return () => clock.clearTimeout(timer);
}
