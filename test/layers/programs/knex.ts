import * as sample from '../printed/knex/bookings.ts'
import { knexCases } from './knex-cases.ts'

export const cases = knexCases(sample)
