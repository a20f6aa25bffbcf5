// A registry on the host's loopback that the builder pushes to and pulls from: Debian's docker-registry without TLS.
import { asRoot, builder } from './e2e.ts'
import { registryPlace, startRegistryProcess } from './registry-process.ts'

export interface GuestRegistry extends AsyncDisposable {
  /** `HOST:PORT` as a guest reaches it. */
  readonly host: string
  /** Pushes an image of the builder; resolves to its reference with the digest. */
  push(image: string, name: string): Promise<string>
  /** Deletes what a reference with a digest names. */
  remove(reference: string): Promise<void>
}

/** @throws when docker-registry is not installed, or the builder does not run. */
export const startGuestRegistry = async (): Promise<GuestRegistry> => {
  const place = await registryPlace()
  // Lima's name for the host's loopback.
  const host = `192.168.5.2:${place.port}`
  const here = `http://127.0.0.1:${place.port}`
  const registry = await startRegistryProcess(place, '', async () => (await fetch(`${here}/v2/`)).ok)
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
    [Symbol.asyncDispose]: () => registry.stop(),
  }
}
