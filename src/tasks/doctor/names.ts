// Names of configured VMs that Lima would refuse.
import { judgeNames } from '../../core/doctor/lima-names.ts'
import { bootTestInstance, instanceOf } from '../../core/names.ts'
import { configuredVms } from '../known-names.ts'
import type { Check } from './check.ts'
import { limaHome } from './resources.ts'

export const names: Check = {
  name: 'socket paths',
  run: async (view) => {
    const { deps, facts } = view
    const [home, vms, { platform }] = await Promise.all([limaHome(view), configuredVms(deps), facts.system()])
    const instances = [deps.env.builder.instance, bootTestInstance, ...vms.map(instanceOf)]
    return judgeNames(home, instances, platform)
  },
}
