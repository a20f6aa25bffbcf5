// A real registry: Debian's docker-registry with TLS by a CA of its own, htpasswd users and deletion, all in a temporary folder.
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Document } from './registry.ts'
import { imageOf, imageType } from './registry.ts'

export interface DockerRegistry extends AsyncDisposable {
  /** `localhost:PORT` */
  readonly host: string
  /** The CA's certificate; nothing else vouches for the registry. */
  readonly ca: string
  readonly folder: string
  /** Pushes an index with its images, or one architecture's image. */
  push(repository: string, tag: string, document: Document): Promise<void>
  /** Deletes a manifest by its digest, and with it every tag on it. */
  delete(repository: string, digest: string): Promise<void>
}

export const user = { name: 'alice', password: 'corr3ct-horse' }

const freePort = async (): Promise<number> => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** @throws when docker-registry, htpasswd or openssl is not installed: the suite fails then, it does not skip. */
export const startDockerRegistry = async (): Promise<DockerRegistry> => {
  const folder = mkdtempSync(join(tmpdir(), 'dvm-docker-registry-'))
  const run = (line: string): string =>
    execFileSync(line.split(' ')[0] ?? '', line.split(' ').slice(1), {
      cwd: folder,
      stdio: 'pipe',
    }).toString()
  const key = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
  run(`openssl req -x509 ${key} -days 2 -subj /CN=dvm-test-ca -keyout ca.key -out ca.pem`)
  run(`openssl req ${key} -subj /CN=localhost -keyout server.key -out server.csr`)
  writeFileSync(join(folder, 'san'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n')
  run('openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -days 2 -extfile san -out server.pem')
  writeFileSync(join(folder, 'users'), run(`htpasswd -Bbn ${user.name} ${user.password}`))
  const port = await freePort()
  writeFileSync(
    join(folder, 'config.yml'),
    `version: 0.1
storage:
  filesystem: { rootdirectory: ${join(folder, 'data')} }
  delete: { enabled: true }
http:
  addr: 127.0.0.1:${port}
  secret: for-tests-only
  tls: { certificate: ${join(folder, 'server.pem')}, key: ${join(folder, 'server.key')} }
auth:
  htpasswd: { realm: dvm-test, path: ${join(folder, 'users')} }
`,
  )
  const child = spawn('docker-registry', ['serve', join(folder, 'config.yml')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (log += text))
  const ended = new Promise<void>((resolve) => {
    child.on('error', (error) => {
      log += `${error.message}: apt-get install docker-registry apache2-utils\n`
      resolve()
    })
    child.on('exit', () => resolve())
  })
  let running = true
  void ended.then(() => (running = false))

  const ca = readFileSync(join(folder, 'ca.pem'))
  const auth = `${user.name}:${user.password}`
  const call = (method: string, path: string, body = '', type = 'application/octet-stream') =>
    new Promise<{ status: number; location: string }>((resolve, reject) => {
      const url = new URL(path, `https://localhost:${port}`)
      const headers = { 'content-type': type, 'content-length': Buffer.byteLength(body) }
      request(url, { method, ca, auth, headers }, (answer) => {
        answer.resume()
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, location: answer.headers.location ?? '' }),
        )
      })
        .on('error', reject)
        .end(body)
    })
  const expect = async (wanted: number, ...call_: Parameters<typeof call>) => {
    const answer = await call(...call_)
    if (answer.status !== wanted) throw new Error(`${call_[0]} ${call_[1]}: ${answer.status}\n${log}`)
    return answer
  }
  for (let tries = 0; ; tries += 1) {
    const up = await call('GET', '/v2/').catch(() => undefined)
    if (up?.status === 200) break
    if (!running || tries === 100) {
      child.kill('SIGKILL')
      rmSync(folder, { recursive: true })
      throw new Error(`docker-registry does not start:\n${log}`)
    }
    await setTimeout(100)
  }

  const pushBlob = async (repository: string, content: string): Promise<void> => {
    const { location } = await expect(202, 'POST', `/v2/${repository}/blobs/uploads/`)
    const digest = createHash('sha256').update(content).digest('hex')
    const url = new URL(location)
    url.searchParams.set('digest', `sha256:${digest}`)
    await expect(201, 'PUT', url.href, content)
  }
  const pushImage = async (repository: string, reference: string, image: Document): Promise<void> => {
    await pushBlob(repository, image.config ?? '')
    await expect(201, 'PUT', `/v2/${repository}/manifests/${reference}`, image.text, image.type)
  }
  return {
    host: `localhost:${port}`,
    ca: join(folder, 'ca.pem'),
    folder,
    push: async (repository, tag, document) => {
      if (document.type === imageType) return pushImage(repository, tag, document)
      for (const { architecture, salt } of document.images ?? []) {
        const image = imageOf(architecture, salt)
        await pushImage(repository, image.digest, image)
      }
      await expect(201, 'PUT', `/v2/${repository}/manifests/${tag}`, document.text, document.type)
      return undefined
    },
    delete: async (repository, digest) =>
      void (await expect(202, 'DELETE', `/v2/${repository}/manifests/${digest}`)),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true })
    },
  }
}
