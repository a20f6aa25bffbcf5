// Names from directories: VMs, and the projects in them.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { parseEnvironment } from '../../src/core/environment.ts'
import { createHostFiles } from '../../src/ports/host-files.ts'
import { configuredVms, knownProjects, knownVms } from '../../src/tasks/known-names.ts'
import { temporaryDirectory, writePrivate } from '../support/temporary.ts'

test('projects are VM/PROJECT, of VMs and with names that commands take', async (t) => {
  const home = temporaryDirectory(t)
  const looking = { env: parseEnvironment({ HOME: home }, home), files: createHostFiles() }
  assert.deepEqual(await Promise.all([knownVms(looking), knownProjects(looking)]), [[], []])
  for (const path of [
    'web/projects/shop',
    'app/projects/b',
    'app/projects/a',
    'app/projects/$(x)',
    'a b/projects/c',
  ])
    mkdirSync(join(home, '.config/dvm/vms', path), { recursive: true })
  mkdirSync(join(home, '.config/dvm/vms/base/projects/p'), { recursive: true })
  writePrivate(join(home, '.config/dvm/vms/none/projects'), 'a file')
  writePrivate(join(home, '.local/state/dvm/old/state.json'), '{}')
  assert.deepEqual(await knownProjects(looking), ['app/a', 'app/b', 'web/shop'])
  assert.deepEqual(await knownVms(looking), ['app', 'none', 'old', 'web'])
  assert.deepEqual(await configuredVms(looking), ['app', 'base', 'none', 'web'])
})
