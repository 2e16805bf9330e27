import type { ConfigKeyName } from '../node/config/keys.ts';
import type { RunningDaemon } from '../node/daemon.ts';
import type { NodeParts } from '../node/parts.ts';
import { eventText } from './commands/events.ts';
import type { Context } from './context.ts';
import { Interrupted } from './interrupt.ts';
import { loadPart } from './parts.ts';

/** A node that runs in this process. */
export interface ForegroundOptions {
  readonly configFile?: string | undefined;
  readonly passphrase?: string | undefined;
  readonly flags?: Partial<Record<ConfigKeyName, unknown>>;
  /** Prints the first line, when the services have started. */
  readonly announce: (running: RunningDaemon) => Promise<void>;
}

/** Runs a node until it is told to stop: first its line, then its events, nothing with --quiet. */
export async function runForeground(context: Context, options: ForegroundOptions): Promise<void> {
  const { configFile, passphrase, flags = {}, announce } = options;
  const { runDaemon } = await import('../node/daemon.ts');
  const { realParts } = await loadPart<{ readonly realParts: NodeParts }>('node');
  const { home, signal } = context;
  const over = new AbortController();
  let printing: Promise<void> = Promise.resolve();
  try {
    await runDaemon({
      home,
      configFile,
      passphrase,
      flags,
      parts: realParts,
      signal,
      onReady: (running) => {
        if (!context.quiet)
          printing = printAll(context, running, { announce, over: over.signal }).catch(() => undefined);
      },
    });
  } finally {
    over.abort();
    await printing;
  }
  // Ctrl-C is told by the exit code; a service manager's order to stop is no failure.
  if (signal.reason instanceof Interrupted && signal.reason.signal === 'SIGINT') throw signal.reason;
}

async function printAll(
  context: Context,
  running: RunningDaemon,
  { announce, over }: { readonly announce: ForegroundOptions['announce']; readonly over: AbortSignal },
): Promise<void> {
  await running.started;
  await announce(running);
  const signal = AbortSignal.any([context.signal, over]);
  for await (const event of await running.api.events({ follow: true }, { signal })) {
    context.line(event, () => eventText(event));
  }
}
