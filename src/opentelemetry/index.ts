export { registerTelemetry, type TelemetryOptions } from './register-telemetry.ts'
export { traceparent } from './trace-context.ts'
