export { metricsText } from './metrics-text.ts'
export { metricsContentType } from './prometheus-text.ts'
export { type MetricsRegister, registerMetrics } from './register-metrics.ts'
