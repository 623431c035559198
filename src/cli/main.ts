import '../base/node-version.ts'
import { Argument, Command, CommanderError, Option } from 'commander'
import { productVersion } from '../base/product-version.ts'
import { TidingsError } from '../base/tidings-error.ts'
import { processStatuses } from '../model/cluster-snapshot.ts'
import type { Shell } from './completion-command.ts'
import { exitCode, exitCodeOf } from './exit-code.ts'
import { fieldNames, port, positive, processStatus, sizeInBytes } from './option-values.ts'
import { addSharedOptions, collect, moreHelp } from './shared-options.ts'
import { sortKeys } from './sorted-snapshot.ts'
import { complain, endWithoutReader, goOnWithoutReader, onOutputFailure } from './terminal.ts'

const exitCodes = `
Exit codes: 0 done · 1 it ran and the answer is no · 2 wrong usage or definition ·
3 GENESIS_CLUSTER cannot be reached · 4 a port is taken`

/**
 * The command line: words → calls → print. Each command is loaded when it is called, so that
 * `--help` and `check` need no sockets.
 */
export async function main(argv: readonly string[]): Promise<void> {
  goOnWithoutReader(process.stderr)
  let isOutputLost = false
  onOutputFailure((why) => {
    isOutputLost = true
    complain(why)
    process.exitCode ||= exitCode.no
  })
  let code: number = exitCode.done
  const program = buildProgram(argv, (result) => {
    code = result
  })
  try {
    await program.parseAsync([...argv])
  } catch (error) {
    code = reportFailure(error)
  }
  if (code === exitCode.done && isOutputLost) code = exitCode.no
  process.exitCode = code
  endWithoutReader(code)
}

function buildProgram(argv: readonly string[], ended: (code: number) => void): Command {
  const program = new Command('tidings')
    .description('Real-time update queue: told at once, in order, and never silently wrong.')
    .version(productVersion, '-v, --version')
    .exitOverride()
    .showHelpAfterError('(tidings --help tells more)')
    .addHelpText('after', exitCodes)
  addCluster(program, argv, ended)
  addPublish(program, ended)
  addTail(program, ended)
  addCheck(program, ended)
  addMon(program, ended)
  addDoctor(program, ended)
  addGateway(program, ended)
  addCapture(program, ended)
  addPostgres(program, ended)
  addKeygen(program, ended)
  addDemo(program, ended)
  addCompletion(program, ended)
  return program
}

type Ended = (code: number) => void

function addCluster(program: Command, argv: readonly string[], ended: Ended): void {
  addSharedOptions(program.command('cluster'))
    .description('run GENESIS_CLUSTER of this node in the foreground')
    .addHelpText(
      'after',
      `
Says "ready" on stderr when processes may come. SIGTERM and SIGINT end it with 0.
Without a definition it serves this machine alone, on 127.0.0.1. Where the definition has
TidingsHttpPort it answers /healthz, /readyz and /metrics there.${exitCodes}`,
    )
    .action(async (options) =>
      ended(await (await import('./cluster-command.ts')).cluster(argv, options)),
    )
}

function addPublish(program: Command, ended: Ended): void {
  addSharedOptions(program.command('publish'))
    .description('publish a record, or one a line from stdin, as a script')
    .argument('[table]', 'the table; optional with --updates')
    .argument('[record]', 'JSON; "-" or nothing reads NDJSON from stdin, a record a line')
    .addOption(
      new Option('--kind <kind>', 'what was done to the record')
        .choices(['insert', 'modify', 'delete'])
        .default('insert'),
    )
    .option(
      '--updates',
      'each line is an update {table?, kind?, record, before?, version?}, or an array of them: one commit',
    )
    .addHelpText(
      'after',
      `
Ends with 0 when every subscriber has confirmed everything, with 1 when one has not in time, and
says on stderr how many they were. A bad line is named by its number; the lines
before it are sent, nothing after it is. A signal amid the input ends it with 128 + its number.

  tidings publish TRADE '{"TRADE_ID":"T1","PRICE":101.5}'
  tidings publish TRADE --kind modify < trades.ndjson${exitCodes}`,
    )
    .action(async (table: string | undefined, record: string | undefined, options) =>
      ended(await (await import('./publish-command.ts')).publish(table, record, options)),
    )
}

function addTail(program: Command, ended: Ended): void {
  addSharedOptions(program.command('tail'))
    .description('print updates, one JSON line each')
    .argument('[table...]', 'tables; none: all')
    .addOption(
      new Option('--count <n>', 'end with 0 after n updates').argParser(positive('--count', true)),
    )
    .addOption(
      new Option(
        '--for <seconds>',
        'end after so long: with 0, or with 1 if --count was not reached',
      ).argParser(positive('--for', false)),
    )
    .option('--where <conditions>', 'only updates whose records pass')
    .addOption(
      new Option('--select <fields>', 'only these fields of the records: ID,PRICE').argParser(
        fieldNames,
      ),
    )
    .addHelpText(
      'after',
      `
Says "ready" on stderr when everything published from then on will be printed, or without which
nodes. A loss or a reset is printed as {"loss":{…}}. SIGINT ends it with 0. Output that cannot be written ends it with 1.

  tidings tail TRADE --where "SIDE = 'BUY' and PRICE >= 100" --select TRADE_ID,PRICE${exitCodes}`,
    )
    .action(async (tables: string[], options) =>
      ended(await (await import('./tail-command.ts')).tail(tables, options)),
    )
}

function addCheck(program: Command, ended: Ended): void {
  addSharedOptions(program.command('check'))
    .description('print what the definition means for this node, and everything wrong with it')
    .argument('[file...]', 'system definitions, instead of --definition')
    .option('--json', 'as JSON')
    .addHelpText('after', exitCodes)
    .action(async (files: string[], options) => {
      const { runCheck } = await import('./check.ts')
      ended(
        await runCheck(
          { ...options, files, json: options.json ?? false },
          process.stdout,
          process.stderr,
        ),
      )
    })
}

function addMon(program: Command, ended: Ended): void {
  addSharedOptions(program.command('mon'))
    .description(
      'show what is wrong, nodes, processes, rates, lag and last sequences; live on a terminal',
    )
    .option('--json', 'once, as JSON')
    .addOption(
      new Option('--status <word>', 'only processes in this state')
        .choices(processStatuses)
        .argParser(processStatus),
    )
    .addOption(new Option('--sort <key>', 'order of the processes of a node').choices(sortKeys))
    .addHelpText(
      'after',
      `
A process that has ended is shown as DOWN for ten minutes, unless one that lives
has its name; a script that has ended is not shown. --status HEALTHY shows who is there.${exitCodes}`,
    )
    .action(async (options) => ended(await (await import('./mon-command.ts')).mon(options)))
}

function addDoctor(program: Command, ended: Ended): void {
  addSharedOptions(program.command('doctor'))
    .description('look for what keeps this node, and the others, from working, and say what to do')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `
Looks at names, ports, limits and the state folder from here, and asks GENESIS_CLUSTER of this
node how it sees the others; with an MQTT broker it tries there what processes do. Ends with 0
where there is no problem, notes aside, with 1 where there is one, with 3 where GENESIS_CLUSTER
of this node does not answer, or no broker lets it in.${exitCodes}`,
    )
    .action(async (options) => ended(await (await import('./doctor-command.ts')).doctor(options)))
}

function addGateway(program: Command, ended: Ended): void {
  addSharedOptions(program.command('gateway'))
    .description('publish and tell updates by HTTP, for programs without the library')
    .addOption(new Option('--port <n>', 'where it answers').argParser(port).default(8080))
    .option('--address <address>', 'of this host; others may be asked from elsewhere', '127.0.0.1')
    .option('--token-file <file>', 'the tokens that let clients in, one a line')
    .option(
      '--tls-cert <file>',
      'certificate of this server, with those between it and its root (PEM)',
    )
    .option('--tls-key <file>', 'its key (PEM)')
    .option('--client-ca <file>', 'who signs the certificates that clients have to show (PEM)')
    .addOption(
      new Option(
        '--allow-host <name>',
        'a name by which clients call it, beside addresses and localhost; repeatable',
      ).argParser(collect),
    )
    .addOption(
      new Option(
        '--allow-origin <origin>',
        'pages of this origin may ask it, such as https://app.example.org; repeatable',
      ).argParser(collect),
    )
    .addHelpText(
      'after',
      `
Says "ready" on stderr when it answers. SIGTERM and SIGINT end it with 0, when streams have been
told. At an address that others reach it needs --token-file or --client-ca. It needs the package
fastify, which is installed beside this one: npm install fastify@5

  curl -N 'http://127.0.0.1:8080/updates?tables=TRADE'
  curl http://127.0.0.1:8080/updates/TRADE --json '{"kind":"insert","record":{"TRADE_ID":"T1"}}'${exitCodes}`,
    )
    .action(async (options) => ended(await (await import('./gateway-command.ts')).gateway(options)))
}

function addCapture(program: Command, ended: Ended): void {
  const capture = program
    .command('capture')
    .description('publish what commits in a database, whoever writes it')
  addSharedOptions(capture.command('postgres'))
    .description('publish what commits in tables of PostgreSQL, whoever writes it')
    .addOption(
      new Option(
        '--tables <names>',
        'tables as in SQL, parted by commas: trade,audit.trade (default: those of the last time)',
      ).argParser((text: string) => text.split(',').map((name) => name.trim())),
    )
    .option('--url <url>', 'the database (default: $DATABASE_URL, else $PGHOST and the like)')
    .option(
      '--slot <name>',
      'name of the replication slot and of the publication (default: tidings, or tidings_SYSTEM)',
    )
    .addOption(
      new Option(
        '--give-up-at <size>',
        'let go of the log that the database keeps for the slot beyond so much, such as 10GiB, and tell subscribers to read again',
      ).argParser(sizeInBytes),
    )
    .option('--check', 'say what keeps the tables from being captured, and change nothing')
    .option('--drop', 'drop slot and publication')
    .addHelpText(
      'after',
      `
Says "ready at" and a position on stderr when all that commits from there on is published. SIGTERM and SIGINT
end it with 0; the next one goes on from what subscribers have confirmed. A second capture of one
slot waits, and takes over. --check ends with 1 where there is a problem, notes aside.${exitCodes}`,
    )
    .action(async (options) =>
      ended(await (await import('./capture-command.ts')).capturePostgres(options)),
    )
}

function addPostgres(program: Command, ended: Ended): void {
  const postgres = program
    .command('postgres')
    .description(
      'make the triggers that publishCommits() of tidings/postgres hears, and look at them',
    )
    .addHelpText('after', exitCodes)
  const url = [
    '--url <url>',
    'the database (default: $DATABASE_URL, else $PGHOST and the like)',
  ] as const
  postgres
    .command('install')
    .description('make the triggers of tables, or bring them up to date')
    .argument('<table...>', `as in SQL: trade, audit.trade, '"Trade"'`)
    .option(...url)
    .option('--print', 'print the SQL, for a migration, and change nothing')
    .action(async (tables: string[], options) =>
      ended(await (await import('./postgres-command.ts')).postgresInstall(tables, options)),
    )
  postgres
    .command('status')
    .description('show which tables are told of, and what is wrong')
    .option(...url)
    .option('--json', 'as JSON')
    .action(async (options) =>
      ended(await (await import('./postgres-command.ts')).postgresStatus(options)),
    )
  postgres
    .command('remove')
    .description('take triggers away; with the last of them the functions go')
    .argument('[table...]', 'none: all')
    .option(...url)
    .action(async (tables: string[], options) =>
      ended(await (await import('./postgres-command.ts')).postgresRemove(tables, options)),
    )
}

function addKeygen(program: Command, ended: Ended): void {
  const keygen = program.command('keygen')
  keygen
    .showHelpAfterError(moreHelp(keygen))
    .description('make a key for a cluster, in a file for its owner alone')
    .option('--out <file>', 'where; a file that is there stays as it is (default: tidings.key)')
    .addHelpText(
      'after',
      `
Prints the public key. All hosts of a cluster have the same file, named in their definition:
  item(name = "TidingsKeyFile", value = "tidings.key")${exitCodes}`,
    )
    .action(async (options) => ended((await import('./keygen-command.ts')).keygen(options)))
}

function addDemo(program: Command, ended: Ended): void {
  const demo = program.command('demo')
  demo
    .showHelpAfterError(moreHelp(demo))
    .description(
      'run the main job: two nodes, writers of one database, and live tables that stay equal to it',
    )
    .addOption(
      new Option(
        '--rows <n>',
        'rows of the prices that are written (default: all, 5105)',
      ).argParser(positive('--rows', true)),
    )
    .option('--keep', 'leave the directory with the definition and the database')
    .addOption(
      new Option('--mq <layer>', 'what carries the updates')
        .choices(['zeromq', 'mqtt'])
        .default('zeromq'),
    )
    .option('--broker <url>', 'the MQTT broker (default: Aedes, embedded), for --mq mqtt')
    .addHelpText('after', exitCodes)
    .action(async (options) => ended(await (await import('../demo/demo.ts')).demo(options)))
}

function addCompletion(program: Command, ended: Ended): void {
  const completion = program.command('completion')
  completion
    .showHelpAfterError(moreHelp(completion))
    .description('print what makes a shell complete commands and options')
    .addArgument(new Argument('<shell>', 'whose script').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      `
  source <(tidings completion bash)    in ~/.bashrc
  source <(tidings completion zsh)     in ~/.zshrc, behind compinit
  tidings completion fish | source     in ~/.config/fish/config.fish${exitCodes}`,
    )
    .action(async (shell: Shell) =>
      ended((await import('./completion-command.ts')).completion(program, shell)),
    )
}

function reportFailure(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.done : exitCode.usage
  if (error instanceof TidingsError) {
    complain(error.message)
    return exitCodeOf(error)
  }
  if (error instanceof Error && error.name === 'AbortError') return exitCode.done
  throw error
}
