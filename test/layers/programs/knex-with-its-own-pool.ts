import * as sample from '../printed/knex-with-its-own-pool/bookings.ts'
import { knexCases } from './knex-cases.ts'

export const cases = knexCases(sample)
