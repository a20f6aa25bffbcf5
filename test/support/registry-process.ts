// Debian's docker-registry as a process on a free port of the loopback, in a temporary folder.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

export interface RegistryPlace {
  readonly folder: string
  readonly port: number
}

export interface RegistryProcess {
  /** Everything it has said. */
  log(): string
  /** Ends it and removes its folder. */
  stop(): Promise<void>
}

/** Where one is going to run, for those who need to know before it does. */
export const registryPlace = async (): Promise<RegistryPlace> => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return { folder: mkdtempSync(join(tmpdir(), 'dvm-docker-registry-')), port }
}

/**
 * Starts it and waits until `answers` says so.
 * @param settings more lines of its configuration: below `http:`, then of the top level
 * @throws when docker-registry is not installed: the suite fails then, it does not skip.
 */
export const startRegistryProcess = async (
  { folder, port }: RegistryPlace,
  settings: string,
  answers: () => Promise<boolean>,
): Promise<RegistryProcess> => {
  const config = join(folder, 'config.yml')
  writeFileSync(
    config,
    `version: 0.1
storage:
  filesystem: { rootdirectory: ${join(folder, 'data')} }
  delete: { enabled: true }
http:
  addr: 127.0.0.1:${port}
  secret: for-tests-only
${settings}`,
  )
  const child = spawn('docker-registry', ['serve', config], { stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (log += text))
  let running = true
  const ended = new Promise<void>((resolve) => {
    child.on('error', (error) => {
      log += `${error.message}: apt-get install docker-registry apache2-utils\n`
      resolve()
    })
    child.on('exit', () => resolve())
  }).then(() => {
    running = false
  })
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  for (let tries = 0; !(await answers().catch(() => false)); tries += 1) {
    if (!running || tries === 100) {
      await stop()
      throw new Error(`docker-registry does not start:\n${log}`)
    }
    await setTimeout(100)
  }
  return { log: () => log, stop }
}
