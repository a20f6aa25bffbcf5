#!/usr/bin/env node
// What comes before all else is loaded: the word to an older Node, and Node's cache of compiled code, which saves a quarter of the start.
import { lstatSync, mkdirSync } from 'node:fs'
import module from 'node:module'

// `engines` in package.json is only a warning to npm.
if (Number.parseInt(process.versions.node, 10) < 24) {
  process.stderr.write(
    `dvm: needs Node 24 or later, this is ${process.versions.node}\n  try: install Node 24, https://nodejs.org/en/download\n`,
  )
  process.exit(4)
}

/**
 * The folder for compiled code: in dvm's state directory, once a command has made that. What lies there is run, so it counts only
 * while nobody else can write to it. (Node's own default is a folder under /tmp whose name anybody can guess.)
 */
const compileCache = (): string | undefined => {
  const { HOME = '', XDG_STATE_HOME, DVM_STATE_DIR } = process.env
  const state = DVM_STATE_DIR || `${XDG_STATE_HOME || `${HOME}/.local/state`}/dvm`
  const folder = `${state}/.compile-cache`
  try {
    if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) mkdirSync(folder, { mode: 0o700 })
    const safe = [state, folder].every((path) => {
      const { uid, mode } = lstatSync(path)
      return uid === process.getuid?.() && (mode & 0o170022) === 0o040000
    })
    return safe ? folder : undefined
  } catch {
    return undefined
  }
}

const folder = process.env['NODE_COMPILE_CACHE'] === undefined ? compileCache() : undefined
if (folder !== undefined) module.enableCompileCache(folder)
await import('./start.ts')
