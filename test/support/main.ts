// Which dvm the tests run as a process: the one that DVM_TEST_MAIN names (`npm run check` names the bundle that it has just built,
// which is what people get), or the sources.
import { resolve } from 'node:path'

export const sources = resolve(import.meta.dirname, '../../src/main.ts')

export const main = resolve(process.env['DVM_TEST_MAIN'] ?? sources)
