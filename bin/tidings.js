#!/usr/bin/env node
// Plain old syntax: a Node that is too old must get as far as the sentence that says so.
import { existsSync } from 'node:fs'
import module from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `tidings: needs Node 22.18 or newer; this is Node ${process.versions.node} [NODE_TOO_OLD]\n`,
  )
  process.exit(2)
}

// What was compiled is kept for the next command, which need not compile it again. In a folder of this user: whoever
// can write to it can have this process run what they like. Where it cannot be written nothing is kept.
try {
  const { XDG_CACHE_HOME: caches } = process.env
  module.enableCompileCache(join(caches || join(homedir(), '.cache'), 'tidings'))
} catch {
  // It has no home: it goes without.
}

// A checkout runs its sources as they are; the package has none and runs what was built of them.
const source = new URL('../src/cli/main.ts', import.meta.url)
const built = new URL('../dist/cli/main.js', import.meta.url)
const { main } = await import(existsSync(source) ? source.href : built.href)
await main(process.argv)
