export { VirtualClock } from '../../node/worlds/virtual-clock.ts';
