declare module 'reed-solomon-erasure/reed_solomon_erasure_bg.js' {
  /** The exports of the bare module; its typed entry hides the memory, without which it cannot be called. */
  const exports: {
    readonly memory: WebAssembly.Memory;
    encode(shards: number, shardBytes: number, dataShards: number, parityShards: number): number;
    reconstruct(
      shards: number,
      shardBytes: number,
      dataShards: number,
      parityShards: number,
      shardsAvailable: number,
    ): number;
  };
  export default exports;
}
