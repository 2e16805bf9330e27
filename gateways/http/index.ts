export { type HttpGateway, type HttpGatewayOptions, openHttpGateway } from './gateway.ts';
