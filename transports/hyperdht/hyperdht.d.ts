/** The parts of hyperdht 6.34 and its dht-rpc that the directory uses. */
declare module 'hyperdht' {
  import { EventEmitter } from 'node:events';

  export interface NodeAddress {
    readonly host: string;
    readonly port: number;
  }

  export interface DhtRequest {
    readonly command: number;
    readonly token: Uint8Array | null;
    readonly target: Uint8Array | null;
    readonly value: Uint8Array | null;
    readonly from: NodeAddress & { readonly id: Uint8Array | null };
    reply(value: Uint8Array | null, options?: { token?: boolean; closerNodes?: boolean }): void;
    error(code: number, options?: { token?: boolean; closerNodes?: boolean }): void;
  }

  export interface DhtReply {
    readonly rtt: number;
    readonly from: NodeAddress & { readonly id: Uint8Array | null };
    readonly token: Uint8Array | null;
    readonly error: number;
    readonly value: Uint8Array | null;
  }

  export interface QueryOptions<Data> {
    map?(reply: DhtReply): Data | null;
    commit?(reply: DhtReply, dht: HyperDHT, query: Query): Promise<unknown>;
    nodes?: readonly NodeAddress[];
    /** Times a silent node is asked again, a second each. */
    retries?: number;
  }

  export interface Query extends EventEmitter {
    readonly successes: number;
    readonly errors: number;
    readonly closestReplies: readonly DhtReply[];
    on(event: 'data', listener: (data: never) => void): this;
    finished(): Promise<void>;
    destroy(error?: Error): void;
  }

  export interface KeyOwner {
    readonly publicKey: Uint8Array;
    readonly sign: (message: Uint8Array) => Uint8Array;
  }

  interface Cache<Value> {
    get(key: string): Value | null;
    set(key: string, value: Value): void;
    delete(key: string): boolean;
  }

  export default class HyperDHT extends EventEmitter {
    static hash(data: Uint8Array): Uint8Array;
    constructor(options: Record<string, unknown>);
    readonly id: Uint8Array | null;
    readonly destroyed: boolean;
    readonly table: { readonly id: Uint8Array };
    /** The address samples; null when different neighbours saw different hosts. */
    readonly _nat: { readonly host: string | null; readonly port: number; add(host: string, port: number): void };
    readonly _persistent: {
      readonly mutables: Cache<Uint8Array>;
      readonly records: {
        add(target: string, key: Uint8Array, record: Uint8Array): void;
        remove(target: string, key: Uint8Array): void;
        get(target: string, count?: number): Uint8Array[];
      };
    } | null;
    bind(): Promise<void>;
    fullyBootstrapped(): Promise<void>;
    toArray(): NodeAddress[];
    addNode(node: NodeAddress): void;
    request(
      request: { token?: Uint8Array; command: number; target?: Uint8Array; value?: Uint8Array },
      to: NodeAddress,
      options?: { retry?: boolean },
    ): Promise<DhtReply>;
    query<Data>(
      request: { target: Uint8Array; command: number; value: Uint8Array | null },
      options?: QueryOptions<Data>,
    ): Query;
    findNode(target: Uint8Array, options?: QueryOptions<never>): Query;
    lookup(target: Uint8Array, options?: QueryOptions<never>): Query;
    lookupAndUnannounce(target: Uint8Array, owner: KeyOwner, options?: QueryOptions<never>): Query;
    announce(target: Uint8Array, owner: KeyOwner, relays: readonly NodeAddress[], options?: QueryOptions<never>): Query;
    _resolveBootstrapNodes(): AsyncIterable<NodeAddress>;
    onrequest(request: DhtRequest): boolean;
    destroy(options?: { force?: boolean }): Promise<void>;
  }
}

declare module 'hyperdht/lib/persistent.js' {
  const Persistent: {
    signMutable(sequence: number, value: Uint8Array, owner: { sign: (message: Uint8Array) => Uint8Array }): Uint8Array;
    verifyMutable(signature: Uint8Array, sequence: number, value: Uint8Array, publicKey: Uint8Array): boolean;
  };
  export default Persistent;
}

declare module 'hyperdht/lib/messages.js' {
  interface State {
    start: number;
    end: number;
    buffer: Uint8Array | null;
  }
  export interface Codec<Value> {
    preencode(state: State, value: Value): void;
    encode(state: State, value: Value): void;
    decode(state: State): Value;
  }
  interface Held {
    seq: number;
    value: Uint8Array;
    signature: Uint8Array;
  }
  interface Peer {
    publicKey: Uint8Array;
    relayAddresses: { host: string; port: number }[];
  }
  const messages: {
    mutablePutRequest: Codec<Held & { publicKey: Uint8Array }>;
    mutableGetResponse: Codec<Held>;
    peer: Codec<Peer>;
    announce: Codec<{
      peer: Peer | null;
      refresh: Uint8Array | null;
      signature: Uint8Array | null;
      bump: number;
    }>;
  };
  export default messages;
}
