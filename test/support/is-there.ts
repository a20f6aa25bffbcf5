import { existsSync, readFileSync } from 'node:fs'

/** Whether a process runs. Not one that has ended and was not waited for yet. */
export const isThere = (pid: number): boolean => {
  const status = `/proc/${pid}/status`
  try {
    process.kill(pid, 0)
    return !existsSync(status) || !/^State:\s+Z/m.test(readFileSync(status, 'utf8'))
  } catch {
    return false
  }
}
