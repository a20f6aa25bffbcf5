// `dvm base …`: the group; each sub-command is a file of its own.
import type { Command } from 'commander'
import type { CliContext } from '../context.ts'
import { registerBaseBuild } from './base-build.ts'
import { registerBaseRm, registerBaseStatus } from './base-status.ts'
import { registerBaseDevInit, registerBaseInit } from './base-init.ts'

export const registerBase = (program: Command, context: CliContext): void => {
  const base = program.command('base').description('the base image that VMs boot from')
  registerBaseInit(base, context)
  registerBaseDevInit(base, context)
  registerBaseBuild(base, context)
  registerBaseStatus(base, context)
  registerBaseRm(base, context)
}
