// What the files share beyond a process: the Containerfile that they build from, and a base and a VM made only when missing.
import { randomUUID } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { asRoot, baseDir, builder, configDir, dvm, home, instance, sha256 } from './e2e.ts'

const starter = readFileSync(
  join(import.meta.dirname, '../../templates/debian/starter.Containerfile'),
  'utf8',
).trimEnd()

/** What `base init` writes, a tool of one's own, and one line to change. `extra` comes last. */
export const containerfile = (word: string, ...extra: readonly string[]): string =>
  [starter, 'COPY greet /usr/local/bin/greet', `RUN echo ${word} > /etc/dvm-e2e-word`, ...extra, ''].join(
    '\n',
  )

/** A word that no earlier run has built with: what was built before would only be made current again. */
export const freshWord = (): string => `word-${randomUUID().slice(0, 8)}`

/** The line on which `extra` begins. */
export const firstExtraLine = starter.split('\n').length + 3

const greet = '#!/bin/sh\nprintf \'hello from %s: %s\\n\' "$(cat /etc/dvm-e2e-word)" "$1"\n'

export const writeContainerfile = (text: string): void => {
  mkdirSync(baseDir, { recursive: true, mode: 0o700 })
  writeFileSync(join(baseDir, 'Containerfile'), text, { mode: 0o600 })
}

/** What the base installs beside that: one package that nothing else asks for, as people write it down. */
export const packages = '# For VMs and projects.\n\ntree # a few kilobytes\n'

/** Writes the whole base directory: Debian, the standard Containerfile, the tool that it copies in, the list of packages. */
export const writeBaseDirectory = (word = 'one'): void => {
  writeContainerfile(containerfile(word))
  writeFileSync(join(baseDir, 'flavour'), 'debian\n', { mode: 0o600 })
  writeFileSync(join(baseDir, 'greet'), greet)
  chmodSync(join(baseDir, 'greet'), 0o755)
  writeFileSync(join(baseDir, 'packages.txt'), packages, { mode: 0o600 })
}

/** A base from the standard Containerfile. Nothing is built when it is current. */
export const ensureBase = async (): Promise<void> => {
  mkdirSync(home, { recursive: true, mode: 0o700 })
  writeBaseDirectory()
  const { exitCode, stderr } = await dvm(['base', 'build', '--no-boot-test'])
  if (exitCode !== 0) throw new Error(`no base to start from:\n${stderr}`)
}

export const user = 'dev-user'

/** Runs at each sync. It reads its stdin, which must be empty, and holds what a careless wrapper would read as its own. */
const setup = String.raw`echo "name=$DVM_NAME vm=$DVM_VM lima=$DVM_LIMA_NAME user=$DVM_USER code=$DVM_CODE_DIR ports=$DVM_PORTS ids=$DVM_SUBUID_COUNT/$DVM_SUBGID_COUNT" > ~/setup-values
cat > ~/setup-stdin
cat > ~/setup-text <<'DVM_BOOTSTRAP_END'
$HOME ${'`'}id${'`'} "double" 'single' \back\slash ::dvm setup.sh:: ünïcödé 🐧
DVM_BOOTSTRAP_END
echo "run $LINENO" >> ~/setup-runs
`

/** The configuration of a VM that the tests know. */
export const writeVm = (vm: string): void => {
  const directory = join(configDir, 'vms', vm)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  writeFileSync(
    join(directory, 'config.sh'),
    `DVM_USER=${user}\nDVM_CPUS=2\nDVM_MEMORY=2\nDVM_DISK=12\nDVM_PORTS=(18080:8080)\nDVM_SUBUID_COUNT=70000\n`,
    { mode: 0o600 },
  )
  writeFileSync(join(directory, 'setup.sh'), setup, { mode: 0o600 })
}

/** A VM that was made from the current base. Nothing is done when there is one. */
export const ensureVm = async (vm: string): Promise<void> => {
  if (existsSync(join(configDir, 'vms', vm)) && (await instance(`dvm-${vm}`)) !== undefined) return
  writeVm(vm)
  const { exitCode, stderr } = await dvm(['sync', vm])
  if (exitCode !== 0) throw new Error(`no VM to start from:\n${stderr}`)
}

/**
 * Marks the builder as provisioned for Fedora, which a Debian guest cannot be: what follows is dvm's own way, not Fedora's packages.
 * Call what it resolves to when that is over.
 */
export const pretendFedoraBuilder = async (): Promise<() => Promise<string>> => {
  const marker = '/var/lib/dvm/provisioned'
  const before = (await asRoot(builder, `cat ${marker}`)).trim()
  const script = await sha256(join(import.meta.dirname, '../../templates/fedora/builder.sh'))
  // Tests that come later cut the builder's power.
  const write = (text: string): Promise<string> => asRoot(builder, `echo '${text}' > ${marker} && sync\n`)
  await write(`fedora ${script}`)
  return () => write(before)
}
