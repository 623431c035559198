/** Loaded before GENESIS_CLUSTER: on SIGUSR2 its event loop stands still until a file is there. */
import { existsSync } from 'node:fs'

process.on('SIGUSR2', () => {
  process.stderr.write('standing still\n')
  while (!existsSync(process.env['TIDINGS_TEST_GO_ON'] ?? '/'));
})
