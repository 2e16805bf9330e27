/** The person pressed Ctrl-C; the sentence says what became of the work. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly signal: NodeJS.Signals;
  constructor(message: string, signal: NodeJS.Signals = 'SIGINT') {
    super(message);
    this.signal = signal;
  }
}

/** Exit code of an interrupted command. */
export const EXIT_INTERRUPTED = 130;

/** Aborts at the first Ctrl-C or SIGTERM, and ends the process at the second. */
export function signalOfTerminal(): AbortSignal {
  const abort = new AbortController();
  const interrupt = (signal: NodeJS.Signals): void => {
    if (abort.signal.aborted) process.exit(EXIT_INTERRUPTED);
    abort.abort(new Interrupted('Interrupted.', signal));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
  // A parent that holds a channel to us wants us to end with it.
  if (process.connected) {
    process.once('disconnect', () => interrupt('SIGTERM'));
    process.channel?.unref();
  }
  return abort.signal;
}
