// The programs that dvm itself calls, and who runs it.
import { installHint } from '../../core/doctor/packages.ts'
import { isOlder, judgeTool } from '../../core/doctor/tool.ts'
import { DvmError } from '../../core/errors.ts'
import { ok, problem, warning, type Finding } from '../../core/finding.ts'
import { tell, type Check, type View } from './check.ts'

export const node: Check = {
  name: 'node',
  run: ({ facts }) =>
    Promise.resolve([
      isOlder(facts.node, '24.0.0')
        ? problem(
            'node',
            `${facts.node} is too old`,
            'install Node 24 or later: https://nodejs.org/en/download',
          )
        : ok('node', facts.node),
    ]),
}

export const user: Check = {
  name: 'user',
  run: ({ facts: { account, isRoot } }) =>
    Promise.resolve([
      isRoot
        ? problem('user', 'this is root, and Lima refuses root', 'run dvm as an ordinary user')
        : account.hasName
          ? ok('user', account.name)
          : problem(
              'user',
              `${account.name} is a number without a name, and Lima needs the name`,
              `run dvm as a user of this machine, or make this one: sudo useradd --uid ${account.name} NAME`,
            ),
    ]),
}

export const bash: Check = {
  name: 'bash',
  run: async ({ facts }) => [
    judgeTool('bash', await facts.tool('bash', ['--version']), {
      install: installHint(await facts.system(), 'bash'),
      oldest: '3.2',
    }),
  ],
}

/** Lima makes its key with ssh-keygen, which comes with the client but can be missing in a cut-down system. */
export const ssh: Check = {
  name: 'ssh',
  run: async ({ facts }) => {
    const install = installHint(await facts.system(), 'ssh')
    const client = judgeTool('ssh', await facts.tool('ssh', ['-V']), { install })
    return client.state === 'ok' && (await facts.locate('ssh-keygen')) === undefined
      ? [problem('ssh', 'ssh-keygen is not installed', install)]
      : [client]
  },
}

const installLima = 'install Lima 2.1 or later: brew install lima, or https://lima-vm.io/docs/installation/'

const lookAtLima = async ({ deps, facts }: View): Promise<Finding> => {
  const { limactl } = deps.env
  const path = await facts.locate(limactl)
  if (path === undefined)
    return limactl === 'limactl'
      ? problem('lima', 'limactl is not installed', installLima)
      : problem('lima', `DVM_LIMACTL names ${limactl}, which cannot be run`, 'unset DVM_LIMACTL')
  try {
    const version = await deps.lima.version()
    return version === 'unknown'
      ? warning('lima', `${path} does not know its own version`, 'install a release, 2.1 or later')
      : ok('lima', `${version} (${path})`)
  } catch (error) {
    // Told already, about the user.
    if (error instanceof DvmError && error.code === 'refused' && facts.isRoot)
      return warning('lima', `${path} tells root nothing`, 'run dvm doctor as an ordinary user')
    throw error
  }
}

export const lima: Check = {
  name: 'lima',
  run: async (view) => [await tell('lima', () => lookAtLima(view))],
  late: (seconds) => [
    problem(
      'lima',
      `limactl does not answer within ${seconds} s`,
      'see what it waits for: limactl --version',
    ),
  ],
}
