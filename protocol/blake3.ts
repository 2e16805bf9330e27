/** BLAKE3 for bulk bytes: the native module in Node, the portable reference in a browser (`imports` of package.json). */
export { createHasher, createKeyedHash, type Hasher, hash, hashInto } from '#blake3';
