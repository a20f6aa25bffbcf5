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

/** A directory, no link, that nobody else can write to. */
const isOurs = (path: string): boolean => {
  const { uid, mode } = lstatSync(path)
  return uid === process.getuid?.() && (mode & 0o170022) === 0o040000
}

/**
 * The folder for compiled code: in dvm's state directory, once a command has made that. What lies there is run, so it counts only
 * while nobody else can write to it. (Node's own default is a folder under /tmp whose name anybody can guess.)
 */
const compileCache = async (): Promise<string | undefined> => {
  try {
    const { parseEnvironment } = await import('./core/environment.ts')
    const state = parseEnvironment(process.env, process.cwd()).stateDir
    if (!isOurs(state)) return undefined
    const folder = `${state}/.compile-cache`
    if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) mkdirSync(folder, { mode: 0o700 })
    return isOurs(folder) ? folder : undefined
  } catch {
    // What is wrong with the environment is said by the command that needs it.
    return undefined
  }
}

const folder = (process.env['NODE_COMPILE_CACHE'] ?? '') === '' ? await compileCache() : undefined
if (folder !== undefined) module.enableCompileCache(folder)
await import('./start.ts')
