import { createNode } from './create-node.ts';
import type { NodeParts } from './parts.ts';
import { realWorld } from './worlds/real.ts';

const MIB = 1024 * 1024;
const BALLAST_MAX_BYTES = 64 * MIB;

/** The parts of a node on this machine. */
export const realParts: NodeParts = {
  createWorld: async ({ paths, config, passphrase }) => {
    const engine = config.get('storage.engine');
    const donated = config.get('services.supplier.donate');
    const world = realWorld({
      logFile: paths.logFile,
      logLevel: config.get('log.level'),
      records: {
        // A node that gives little keeps little in reserve for a full disk.
        ballastBytes: Math.min(BALLAST_MAX_BYTES, Math.max(MIB, Math.floor(donated / 64))),
        ...(engine === 'auto' ? {} : { engine }),
      },
    });
    return { ...world, passphrase: () => passphrase };
  },
  createNode,
};
