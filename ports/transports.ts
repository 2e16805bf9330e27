/** A reliable, ordered, two-way stream of bytes with back-pressure. */
export interface ByteStream {
  /** Chunks as they come; ends at the other side's end, rejects with `STREAM_RESET` when it breaks. One reader. */
  readonly incoming: AsyncIterable<Uint8Array>;
  /** Resolves when more may be written; rejects with `STREAM_RESET`. The buffer belongs to the stream until then. */
  write(data: Uint8Array): Promise<void>;
  /** Ends our direction after what was written. */
  end(): Promise<void>;
  destroy(cause?: Error): void;
  /** Resolves when both directions are over, however it came about. */
  readonly closed: Promise<void>;
  /** The other end's address as this transport sees it, `tcp://host:port`. */
  readonly remoteAddress: string;
  /**
   * The `node:stream` Duplex below, when the adapter has one, so that TLS runs on it without copies. Whoever takes it
   * uses nothing else of this stream but `destroy`, `closed` and `remoteAddress`.
   */
  readonly native?: unknown;
}

export interface TransportListener {
  /** Addresses that others may dial, most preferred first, `tcp://127.0.0.1:7771`. */
  readonly addresses: readonly string[];
  readonly port: number;
  close(): Promise<void>;
}

/** One way of reaching devices. Every adapter passes the transport compliance suite. */
export interface Transport {
  readonly name: 'tcp' | 'memory';
  /** True when this transport can dial the address. */
  serves(address: string): boolean;
  /** Rejects with `PORT_TAKEN` or `LISTEN_FAILED`. Port 0 lets the system choose. */
  listen(options: {
    readonly host: string;
    readonly port: number;
    readonly onStream: (stream: ByteStream) => void;
  }): Promise<TransportListener>;
  /** Rejects with `DIAL_FAILED` or the abort reason. */
  dial(address: string, signal: AbortSignal): Promise<ByteStream>;
}
