/**
 * What must not be shown. Rather too much is masked than too little: a masked harmless value costs
 * a look into the file, a shown password has to be changed.
 */

export const mask = '***'

const secretWord = /pass|pwd|secret|token|credential|^key|key$|pw$/

/** Behind `Key`, these words make a name that speaks about keys: MetadataChronicleMapAverageKeySizeBytes, TidingsKeyFile. */
const aboutKeys = new Set(['size', 'length', 'count', 'type', 'file'])

/** True for names such as DbPassword, EMAIL_SMTP_PW, SMTPPW, GenesisKey, secret.db.host. */
export function isSecretName(name: string): boolean {
  return wordsOf(name).some(
    (word, index, words) =>
      secretWord.test(word) && !(word === 'key' && aboutKeys.has(words[index + 1] ?? '')),
  )
}

function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
}

/** A value as it may be shown under its name. */
export function maskedValue(name: string, value: string, encrypted: boolean): string {
  return encrypted || isSecretName(name) ? mask : maskedText(value)
}

// The counts bound the work on hostile text: unbounded it would grow with the square of the length.
const parameterName = String.raw`(?:pass|pwd|pw|secret|token|key|credential)[\w.-]{0,64}`
const parameterValue = String.raw`RAW\([^)]*\)|"[^"]*"|'[^']*'|[^&;,\s"']+`
const secretParameter = new RegExp(
  String.raw`(${parameterName}\s{0,4}[=:]\s{0,4})(?:${parameterValue})`,
  'gi',
)
const urlPassword = /(:\/\/[^\s/?#:@]{0,256}):(?=[^\s]{0,1024}@)[^\s]*@/g
const oracleThinPassword = /(:thin:[^\s/@]{0,256})\/(?=[^\s]{0,1024}@)[^\s]*@/g

/**
 * Text without the secrets that can be told from its form: `user:password@` in URLs, parameters such
 * as `password=…`, in JDBC URLs and options of a virtual machine alike.
 */
export function maskedText(text: string): string {
  return text
    .replace(secretParameter, `$1${mask}`)
    .replace(urlPassword, `$1:${mask}@`)
    .replace(oracleThinPassword, `$1/${mask}@`)
}
