import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';
import { chapterOf } from '../../machines/index.ts';

/** One state of a chart; `path` is `a.b`, the empty path is the machine itself. */
export interface ChartState {
  readonly path: string;
  readonly name: string;
  readonly parent: string | null;
  readonly kind: 'atomic' | 'compound' | 'parallel' | 'final';
  readonly initial: boolean;
  readonly final: boolean;
  /** Ports and machines that run while it is active. */
  readonly invokes: readonly string[];
}

/** One transition; the same path in `from` and `to` without `reenter` is one that stays. */
export interface ChartTransition {
  readonly from: string;
  readonly to: string;
  /** The event's type: a command, a fact, `done.port`, `error.port`, `after.delay`, `always` or `done.state`. */
  readonly event: string;
  readonly guard: string | null;
  /** Known when the delay is a constant. */
  readonly delayMs: number | null;
  readonly actions: readonly string[];
  /** False when it changes no state. */
  readonly moves: boolean;
}

/** A machine as data: what its pictures and the `chart` command show. */
export interface Chart {
  readonly machine: string;
  readonly chapter: string;
  readonly description: string;
  readonly states: readonly ChartState[];
  readonly transitions: readonly ChartTransition[];
}

/** Walks a machine in the order of its source. */
export function chartModel(machine: AnyStateMachine): Chart {
  const nodes = nodesOf(machine.root);
  const resolve = (delay: string | number): number | null => {
    const value = typeof delay === 'number' ? delay : machine.implementations.delays[delay];
    return typeof value === 'number' ? value : null;
  };
  return {
    machine: machine.id,
    chapter: chapterOf(machine.id),
    description: machine.root.description ?? '',
    states: nodes.filter((node) => node.parent).map(stateOf),
    transitions: nodes.flatMap((node) => transitionsOf(node, resolve)),
  };
}

function nodesOf(node: AnyStateNode): AnyStateNode[] {
  return [node, ...Object.values(node.states as Record<string, AnyStateNode>).flatMap(nodesOf)];
}

function pathOf(node: AnyStateNode): string {
  return node.path.join('.');
}

function stateOf(node: AnyStateNode): ChartState {
  const parent = node.parent as AnyStateNode;
  const initials = parent.type === 'parallel' ? [node] : (parent.initial?.target ?? []);
  return {
    path: pathOf(node),
    name: node.key,
    parent: pathOf(parent),
    kind: node.type === 'history' ? 'atomic' : node.type,
    initial: initials.includes(node),
    final: node.type === 'final',
    invokes: node.invoke.map((invoke: { src: unknown }) => sourceName(invoke.src)),
  };
}

function transitionsOf(node: AnyStateNode, resolve: (delay: string | number) => number | null): ChartTransition[] {
  const named = [...(node.transitions as Map<string, AnyTransitionDefinition[]>)].flatMap(([type, rows]) =>
    rows.map((row) => ({ row, event: eventName(type, node), delay: delayOf(type, node) })),
  );
  const always = (node.always ?? []).map((row: AnyTransitionDefinition) => ({ row, event: 'always', delay: null }));
  return [...named, ...always].flatMap(({ row, event, delay }) => {
    const targets = row.target?.length ? (row.target as AnyStateNode[]) : [node];
    return targets.map((target) => ({
      from: pathOf(node),
      to: pathOf(target),
      event,
      guard: guardName(row.guard),
      delayMs: delay === null ? null : resolve(delay),
      actions: row.actions.map(actionName),
      moves: Boolean(row.target?.length),
    }));
  });
}

function eventName(type: string, node: AnyStateNode): string {
  const invoked = /^xstate\.(done|error)\.actor\.(.*)$/.exec(type);
  if (invoked) {
    const invoke = node.invoke.find((each: { id: string }) => each.id === invoked[2]);
    return `${invoked[1]}.${invoke ? sourceName(invoke.src) : invoked[2]}`;
  }
  if (type.startsWith('xstate.done.state.')) return 'done.state';
  const delay = delayOf(type, node);
  return delay === null ? type : `after.${delay}`;
}

function delayOf(type: string, node: AnyStateNode): string | number | null {
  if (!type.startsWith('xstate.after.')) return null;
  const rest = type.slice('xstate.after.'.length, -(node.id.length + 1));
  return /^\d+$/.test(rest) ? Number(rest) : rest;
}

function sourceName(src: unknown): string {
  return typeof src === 'string' ? src : 'inline';
}

function guardName(guard: unknown): string | null {
  if (guard === undefined) return null;
  if (typeof guard === 'string') return guard;
  if (typeof guard === 'object' && guard !== null && 'type' in guard) return String(guard.type);
  const combined = guard as { readonly guards?: readonly unknown[]; readonly name?: string };
  if (!combined.guards) return 'inline';
  return `${combined.name ?? 'guard'} ${combined.guards.map(guardName).join(', ')}`;
}

function actionName(action: unknown): string {
  if (typeof action === 'string') return action;
  const { type } = action as { readonly type?: string };
  return type && !type.startsWith('xstate.') ? type : '';
}
