import { createMemoryDirectoryNetwork } from '../../../transports/memory/memory-directory.ts';
import { directoryCompliance } from '../../compliance/directory.ts';

directoryCompliance(() => {
  const clock = {
    now: () => 1_800_000_000_000,
    setTimeout: (): never => {
      throw new Error('no timers without latency');
    },
    clearTimeout: () => undefined,
  };
  let state = 1;
  const fraction = (): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  const random = {
    fraction,
    bytes: (length: number) => Uint8Array.from({ length }, () => Math.floor(fraction() * 256)),
  };
  const network = createMemoryDirectoryNetwork({ clock, random });
  let port = 7000;
  return {
    name: 'memory',
    host: '127.0.0.1',
    nextPort: () => port++,
    nowSeconds: () => Math.floor(clock.now() / 1000),
    make: ({ keeps = false, ...options }) =>
      network.directory({ ...options, host: '127.0.0.1', folder: keeps ? `/held/${options.port}` : null }),
    close: async () => undefined,
  };
});
