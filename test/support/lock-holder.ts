// A process that takes a lock and says each thing that happens to it on a line. `lock-holder.ts DIRECTORY RESOURCE MS wait|no-wait`
import { setTimeout as sleep } from 'node:timers/promises'
import { DvmError } from '../../src/core/errors.ts'
import { createLocks } from '../../src/ports/locks.ts'

const [directory = '', resource = '', ms = '0', wait] = process.argv.slice(2)
const say = (...words: unknown[]): void => void process.stdout.write(`${words.join(' ')}\n`)
const abort = new AbortController()
process.on('SIGTERM', () => abort.abort(new Error('stopped')))
try {
  await createLocks(directory, `dvm test ${resource}`).hold(
    resource,
    {
      wait: wait !== 'no-wait',
      signal: abort.signal,
      onWait: (holder) => say('waits', holder.pid, holder.command),
    },
    async () => {
      say('has')
      await sleep(Number(ms), undefined, { signal: abort.signal })
    },
  )
  say('done')
} catch (error) {
  say(error instanceof DvmError ? error.code : 'error', (error as Error).message)
}
