/** An encrypted and authenticated stream of bytes between two devices, below the frames. */
export interface Channel {
  /** 32 bytes that both ends of this channel know and nobody else. */
  readonly exporter: Uint8Array;
  /** Calls `done` when the bytes were taken; they stay as they are until then. Never calls it after the close. */
  write(bytes: Uint8Array, done: () => void): void;
  /** Gives every chunk from now on to the listener. Called once. */
  read(listener: (chunk: Uint8Array) => void): void;
  pause(): void;
  resume(): void;
  /** Calls the listener once when nothing passes any more, however it came about, also when it was so before. */
  onClosed(listener: () => void): void;
  /** Closes after what was written. */
  end(): void;
  destroy(): void;
}
