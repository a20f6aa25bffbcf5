// What VMs run on: QEMU with its firmware and KVM, or macOS's own virtualisation. Only what will be used is looked at.
import { judgeKvm } from '../../core/doctor/kvm.ts'
import { installHint, type System } from '../../core/doctor/packages.ts'
import { firmwarePaths, judgeFirmware, judgeQemu } from '../../core/doctor/qemu.ts'
import { judgeTool } from '../../core/doctor/tool.ts'
import { judgeVz } from '../../core/doctor/vz.ts'
import { problem, type Finding } from '../../core/finding.ts'
import type { Check, View } from './check.ts'

/** DVM_VM_TYPE is for users' VMs; the builder is of Lima's own choice. */
const uses = (type: 'qemu' | 'vz', { deps }: View, system: System): boolean =>
  deps.env.vmType === type || type === (system.platform === 'darwin' ? 'vz' : 'qemu')

/** A check that has nothing to say unless QEMU is used. */
const ofQemu = (
  name: string,
  look: (view: View, system: System) => Promise<readonly Finding[]>,
  limit = 10_000,
): Check => ({
  name,
  limit,
  run: async (view) => {
    const system = await view.facts.system()
    return uses('qemu', view, system) ? look(view, system) : []
  },
})

/** QEMU and KVM in one, because how old QEMU may be depends on KVM, and trying that costs a start of QEMU. */
export const qemu = ofQemu(
  'qemu',
  async ({ facts }, system) => {
    const found = await facts.qemu()
    if (found === undefined) return []
    const { program, variable, emulated } = found
    const tool = await facts.tool(program, ['--version'])
    return [
      tool === undefined && (facts.variable(variable) ?? '') !== ''
        ? problem('qemu', `${variable} names ${program}, which cannot be run`, `unset ${variable}`)
        : judgeQemu(system, program, tool, emulated),
      ...(system.platform === 'linux' ? [judgeKvm(found)] : []),
    ]
  },
  // The probe of KVM gives QEMU 15 seconds.
  20_000,
)

export const qemuImg = ofQemu('qemu-img', async ({ facts }, system) => [
  judgeTool('qemu-img', await facts.tool('qemu-img', ['--version']), {
    install: installHint(system, 'qemu-img'),
  }),
])

export const firmware = ofQemu('uefi', async ({ deps, facts }, system) => {
  const program = facts.qemuProgram()
  if (program === undefined) return []
  const path = (await facts.locate(program)) ?? `/usr/bin/${program}`
  for (const candidate of firmwarePaths(system, path, deps.env.home))
    if ((await facts.kind(candidate)) !== 'missing') return [judgeFirmware(system, candidate)]
  return [judgeFirmware(system, undefined)]
})

export const vz: Check = {
  name: 'vz',
  run: async (view) => {
    const { facts } = view
    const system = await facts.system()
    if (!uses('vz', view, system)) return []
    if (system.platform !== 'darwin')
      return [problem('vz', 'DVM_VM_TYPE=vz, which only macOS has', 'unset DVM_VM_TYPE')]
    return [judgeVz((await facts.tool('sw_vers', ['-productVersion']))?.says, system.arch)]
  },
}
