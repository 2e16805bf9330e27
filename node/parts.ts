import type { World } from '../ports/world.ts';
import type { NodeConfig } from './config.ts';
import type { HomePaths } from './home.ts';
import type { BitDustNode } from './node.ts';

/** What a daemon builds its node from: everything outside the node, then the node. */
export interface NodeParts {
  createWorld(options: {
    readonly paths: HomePaths;
    readonly config: NodeConfig;
    /** Of a locked key file. */
    readonly passphrase?: string | undefined;
  }): Promise<World>;
  createNode(config: NodeConfig, world: World): Promise<BitDustNode>;
}
