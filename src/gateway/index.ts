export { createGateway } from './gateway.ts'
export type { Gateway, GatewayManifest, GatewayOptions } from './gateway.ts'
