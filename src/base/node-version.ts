/**
 * The first module that both doors of the package load: on a Node that is too old it says so in one
 * sentence, before anything fails for a reason that explains nothing.
 */
const least = [22, 18] as const

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < least[0] || (major === least[0] && minor < least[1])) {
  const error = new Error(
    `Tidings needs Node ${least.join('.')} or newer; this is Node ${process.versions.node} [NODE_TOO_OLD]`,
  )
  throw Object.assign(error, { code: 'NODE_TOO_OLD', category: 'fatal' })
}
