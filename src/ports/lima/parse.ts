// Reads what limactl prints: instances as JSON lines, log lines. Pure.
import { DvmError } from '../../core/errors.ts'
import type { Instance, InstanceStatus } from './types.ts'

const statuses: readonly string[] = [
  'Uninitialized',
  'Installing',
  'Broken',
  'Stopped',
  'Running',
  '',
] satisfies InstanceStatus[]

const isStatus = (value: string): value is InstanceStatus => statuses.includes(value)

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const number = (value: unknown): number => (typeof value === 'number' ? value : 0)

/** Lima means strings but prints Go values: `{"Op":"open","Path":"...","Err":2}`, or `{}` where nothing is exported. */
const parseErrors = (errors: unknown): readonly string[] =>
  Array.isArray(errors)
    ? errors
        .map((error) => (typeof error === 'string' ? error : JSON.stringify(error)))
        .filter((error) => error !== '{}')
    : []

const parseInstance = (line: string): Instance => {
  const found = parseJson(line)
  if (!isRecord(found) || typeof found['name'] !== 'string' || found['name'] === '')
    throw new DvmError(
      'failed',
      `limactl list printed a line that is not an instance: ${line.slice(0, 200)}`,
      {
        hint: 'limactl list --format json',
      },
    )
  const word = text(found['status'])
  // An instance that is none of dvm's may be in any state: only who acts on one has to mind.
  const status = isStatus(word) ? word : 'Unknown'
  const sshConfigFile = text(found['sshConfigFile'])
  return {
    name: found['name'],
    status,
    dir: text(found['dir']),
    arch: text(found['arch']),
    vmType: text(found['vmType']),
    cpus: number(found['cpus']),
    memory: number(found['memory']),
    disk: number(found['disk']),
    sshConfigFile: sshConfigFile === '' ? undefined : sshConfigFile,
    sshLocalPort: number(found['sshLocalPort']),
    errors: [
      ...parseErrors(found['errors']),
      ...(status === 'Unknown' ? [`Lima says "${word}", which this dvm does not know`] : []),
    ],
  }
}

/**
 * The instances of `limactl list --format json`: one JSON object a line, nothing when there are none.
 * @throws DvmError `failed` for a line that cannot be read.
 */
export const parseInstances = (stdout: string): readonly Instance[] =>
  stdout
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(parseInstance)

/** The same, or undefined. */
export const tryInstances = (stdout: string): readonly Instance[] | undefined => {
  try {
    return parseInstances(stdout)
  } catch {
    return undefined
  }
}

/** `vmTypes` of `limactl info`; none when it cannot be read. */
export const parseVmTypes = (stdout: string): readonly string[] => {
  const found = parseJson(stdout)
  const types = isRecord(found) ? found['vmTypes'] : undefined
  return Array.isArray(types) ? types.filter((type) => typeof type === 'string').sort() : []
}

export interface LogLine {
  readonly level: string
  readonly message: string
}

/** One line of Lima's JSON log, or undefined for anything else (ssh, qemu, a guest's own stderr). */
export const parseLogLine = (line: string): LogLine | undefined => {
  if (!line.startsWith('{')) return undefined
  const found = parseJson(line)
  if (!isRecord(found) || typeof found['level'] !== 'string' || typeof found['msg'] !== 'string')
    return undefined
  const error = text(found['error'])
  return { level: found['level'], message: error === '' ? found['msg'] : `${found['msg']}: ${error}` }
}

/** A line of limactl's output as a person reads it. */
export const renderLogLine = (line: string): string => {
  const log = parseLogLine(line)
  if (log === undefined) return line
  return log.level === 'info' || log.level === 'debug' ? log.message : `${log.level}: ${log.message}`
}
