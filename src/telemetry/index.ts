export { createLogger } from './logger.ts'
export type { Logger, LoggerOptions, LogDestination, LogLevel } from './logger.ts'
export { createMetrics } from './metrics.ts'
export type { EndedRequest, Metrics, RequestOutcome, TokenUsage } from './metrics.ts'
