import type { StateValue } from 'xstate';

/** A state as people read it: `asking`, nested `a.b`, parallel `a.b,c.d`. */
export function stateText(value: StateValue): string {
  if (typeof value === 'string') return value;
  return Object.entries(value)
    .flatMap(([name, inner]) => leaves(name, inner))
    .join(',');
}

function leaves(name: string, inner: StateValue | undefined): string[] {
  const below = inner === undefined ? '' : stateText(inner);
  return below === '' ? [name] : below.split(',').map((path) => `${name}.${path}`);
}
