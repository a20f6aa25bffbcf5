// Room for what dvm and Lima write, and memory for VMs.
import { join } from 'node:path'
import { judgeApart, judgeMemory, judgeSpace, type Place } from '../../core/doctor/resources.ts'
import type { Environment } from '../../core/environment.ts'
import type { Check, View } from './check.ts'

/** Where Lima keeps its instances, after links: so it counts the length of socket paths. */
export const limaHome = async ({ deps, facts }: View): Promise<string> => {
  const set = facts.variable('LIMA_HOME') ?? ''
  const path = set === '' ? join(deps.env.home, '.lima') : set
  return (await deps.files.resolve(path))?.path ?? path
}

const cachePlace = ({ cacheDir }: Environment): Place => ({
  name: 'space for bases',
  path: cacheDir,
  fix: 'make room, or set DVM_CACHE_DIR to a directory with more of it',
})

export const cacheSpace: Check = {
  name: 'space for bases',
  run: async ({ deps, facts }) => [judgeSpace(cachePlace(deps.env), await facts.space(deps.env.cacheDir))],
}

export const limaSpace: Check = {
  name: 'space for VMs',
  run: async (view) => {
    const { deps, facts } = view
    const path = await limaHome(view)
    const [here, cache] = await Promise.all([facts.space(path), facts.space(deps.env.cacheDir)])
    const place = {
      name: 'space for VMs',
      path,
      fix: 'remove VMs that are not needed (dvm ls, dvm rm VM --yes), or set LIMA_HOME to a directory with more room',
    }
    if (here.device === cache.device) return [judgeSpace(place, here, ', the file system of the bases')]
    const { platform } = await facts.system()
    return [
      judgeApart(judgeSpace(place, here, ', another file system than the bases'), platform === 'darwin'),
    ]
  },
}

export const stateSpace: Check = {
  name: 'space for logs',
  run: async ({ deps, facts }) => {
    const path = deps.env.stateDir
    const fix = 'make room, or set DVM_STATE_DIR to a directory with more of it'
    return [judgeSpace({ name: 'space for logs', path, fix }, await facts.space(path))]
  },
}

export const memory: Check = {
  name: 'memory',
  run: ({ facts }) => Promise.resolve([judgeMemory(facts.memory)]),
}
