// A real registry: Debian's docker-registry with TLS by a CA of its own, htpasswd users and deletion, all in a temporary folder.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import type { Document } from './registry.ts'
import { imageOf, imageType } from './registry.ts'
import { registryPlace, startRegistryProcess } from './registry-process.ts'

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

/** @throws when docker-registry, htpasswd or openssl is not installed: the suite fails then, it does not skip. */
export const startDockerRegistry = async (): Promise<DockerRegistry> => {
  const place = await registryPlace()
  const { folder, port } = place
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
  const registry = await startRegistryProcess(
    place,
    `  tls: { certificate: ${join(folder, 'server.pem')}, key: ${join(folder, 'server.key')} }
auth:
  htpasswd: { realm: dvm-test, path: ${join(folder, 'users')} }
`,
    async () => (await call('GET', '/v2/')).status === 200,
  )
  const expect = async (wanted: number, ...call_: Parameters<typeof call>) => {
    const answer = await call(...call_)
    if (answer.status !== wanted)
      throw new Error(`${call_[0]} ${call_[1]}: ${answer.status}\n${registry.log()}`)
    return answer
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
    [Symbol.asyncDispose]: () => registry.stop(),
  }
}
