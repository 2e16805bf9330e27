/** What every wiring file returns besides its own methods. Constructors do no I/O. */
export interface Service {
  start(): void | Promise<void>;
  stop(): void | Promise<void>;
}
