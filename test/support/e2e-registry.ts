// A registry on the host's loopback that the builder pushes to and pulls from: Debian's docker-registry without TLS.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asRoot, builder, until } from './e2e.ts'

export interface GuestRegistry extends AsyncDisposable {
  /** `HOST:PORT` as a guest reaches it. */
  readonly host: string
  /** Pushes an image of the builder; resolves to its reference with the digest. */
  push(image: string, name: string): Promise<string>
  /** Deletes what a reference with a digest names. */
  remove(reference: string): Promise<void>
}

const freePort = async (): Promise<number> => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** @throws when docker-registry is not installed, or the builder does not run. */
export const startGuestRegistry = async (): Promise<GuestRegistry> => {
  const folder = mkdtempSync(join(tmpdir(), 'dvm-guest-registry-'))
  const port = await freePort()
  // Lima's name for the host's loopback.
  const host = `192.168.5.2:${port}`
  writeFileSync(
    join(folder, 'config.yml'),
    `version: 0.1
storage:
  filesystem: { rootdirectory: ${join(folder, 'data')} }
  delete: { enabled: true }
http:
  addr: 127.0.0.1:${port}
  secret: for-tests-only
`,
  )
  const child = spawn('docker-registry', ['serve', join(folder, 'config.yml')], { stdio: 'ignore' })
  let failed: Error | undefined
  child.on('error', (error) => (failed = error))
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
  const here = `http://127.0.0.1:${port}`
  await until('the registry answers', async () => {
    if (failed !== undefined) throw failed
    return fetch(`${here}/v2/`).then(
      (answer) => answer.ok,
      () => false,
    )
  })
  const drop = '/etc/containers/registries.conf.d/dvm-e2e.conf'
  await asRoot(
    builder,
    `mkdir -p /etc/containers/registries.conf.d
printf '[[registry]]\\nlocation = "${host}"\\ninsecure = true\\n' > ${drop}
`,
  )
  return {
    host,
    push: async (image, name) => {
      const printed = await asRoot(
        builder,
        `podman push --quiet --digestfile /run/dvm-e2e-digest ${image} ${host}/${name}:latest >/dev/null
cat /run/dvm-e2e-digest
`,
      )
      return `${host}/${name}@${printed.trim()}`
    },
    remove: async (reference) => {
      const [name = '', digest = ''] = reference.slice(host.length + 1).split('@')
      const answer = await fetch(`${here}/v2/${name}/manifests/${digest}`, { method: 'DELETE' })
      if (answer.status !== 202) throw new Error(`${reference} could not be deleted: ${answer.status}`)
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
