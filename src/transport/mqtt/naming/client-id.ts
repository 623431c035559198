import type { PublisherIdentity } from '../../../model/publisher-identity.ts'

/** Digits of the life of a process at the end of its client id. */
const lifeDigits = 8

/**
 * The client id of a process. The broker throws out the older of two with the same one, so it ends with a part of the
 * process's own incarnation: two programs by one name must find out from each other, and not be thrown out in turn for ever.
 * A template with {{INCARNATION}} is taken as it stands, for brokers that know their clients by exact ids.
 */
export function clientIdOf(
  template: string,
  { node, process, instance, incarnation }: PublisherIdentity,
): string {
  const life = incarnation.slice(0, lifeDigits)
  const filled = template
    .replaceAll('{{HOSTNAME}}', node)
    .replaceAll('{{PROCESS_NAME}}', process)
    .replaceAll('{{INCARNATION}}', life)
  if (template.includes('{{INCARNATION}}')) return filled
  return [filled, ...(instance === '' ? [] : [instance]), life].join('/')
}
