/** The values of options, out of their texts; what is none is refused before anything is done. */
import { InvalidArgumentError } from 'commander'
import { type ProcessStatus, processStatuses } from '../model/cluster-snapshot.ts'

/** A number above 0. What is none is said with the name of its option. */
export function positive(name: string, isWhole: boolean): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (value > 0 && value <= Number.MAX_SAFE_INTEGER && (!isWhole || Number.isInteger(value)))
      return value
    throw new InvalidArgumentError(`${name} must be a ${isWhole ? 'whole ' : ''}number above 0.`)
  }
}

/** Whoever has a comma in the name of a field uses the library. */
export function fieldNames(text: string): string[] {
  const fields = text.split(',').map((name) => name.trim())
  const place = fields.indexOf('')
  if (place < 0) return fields
  throw new InvalidArgumentError(
    `--select must be names of fields parted by commas: name ${place + 1} is empty.`,
  )
}

/** A port that may be bound. */
export function port(text: string): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= 1 && value <= 65_535) return value
  throw new InvalidArgumentError('--port must be a whole number from 1 to 65535.')
}

const binaryUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** A number with a unit, as `512MiB`. */
export function sizeInBytes(text: string): number {
  const [, value = '', unit = ''] = /^(\d+(?:\.\d+)?) *([KMGT]iB|B)$/.exec(text) ?? []
  const bytes = Number(value) * 1024 ** binaryUnits.indexOf(unit)
  if (value !== '' && bytes > 0 && Number.isSafeInteger(Math.round(bytes))) return Math.round(bytes)
  throw new InvalidArgumentError('--give-up-at must be a size such as 512MiB or 10GiB.')
}

/** A word of the table of `mon`, whatever its case. */
export function processStatus(text: string): ProcessStatus {
  const status = processStatuses.find((known) => known === text.toUpperCase())
  if (status !== undefined) return status
  throw new InvalidArgumentError(`--status must be one of ${processStatuses.join(', ')}.`)
}
