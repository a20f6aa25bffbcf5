// The Lima contract on the real limactl, with a VM that boots from the builder's guest image.
import { createLima } from '../../src/ports/lima/index.ts'
import { createExec } from '../../src/system/exec.ts'
import { limaContract } from '../contract/lima.contract.ts'

limaContract('real limactl', async (t) => {
  // Empty where Lima's own image can be downloaded.
  const template = process.env['DVM_BUILDER_TEMPLATE'] || 'template:debian-13'
  const lima = createLima({
    exec: createExec(new AbortController().signal),
    limactl: process.env['DVM_LIMACTL'] ?? 'limactl',
    logLevel: 'info',
    variables: process.env,
    warn: (line) => t.diagnostic(line),
  })
  await lima.delete('dvm-contract', { force: true })
  t.after(() => lima.delete('dvm-contract', { force: true }))
  return { lima, name: 'dvm-contract', template }
})
