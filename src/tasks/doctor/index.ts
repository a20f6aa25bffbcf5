// `dvm doctor`: everything that dvm needs of this machine, in the order in which a person would repair it.
import type { Finding } from '../../core/finding.ts'
import type { Deps } from '../deps.ts'
import { base, builder, flavour } from './base.ts'
import { runChecks, type Check } from './check.ts'
import { configuration } from './configuration.ts'
import { names } from './names.ts'
import { certificates, mirrors, proxies } from './network.ts'
import { bootcBase, diskBuilder } from './registries.ts'
import { cacheSpace, limaSpace, memory, stateSpace } from './resources.ts'
import { bash, lima, node, ssh, user } from './tools.ts'
import { firmware, qemu, qemuImg, vz } from './virtualisation.ts'

const checks: readonly Check[] = [
  [user, node, bash, ssh, lima],
  [vz, qemu, qemuImg, firmware],
  [cacheSpace, limaSpace, stateSpace, memory],
  [configuration, names],
  [flavour, base, builder],
  [proxies, certificates, mirrors, bootcBase, diskBuilder],
].flat()

/** Changes nothing of the user's. Never fails: what cannot be found out is a warning. */
export const examine = (deps: Deps): Promise<readonly Finding[]> => runChecks(deps, checks)
