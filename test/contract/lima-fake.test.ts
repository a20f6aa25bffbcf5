// The Lima contract on the fake, once for each way into a guest.
import { closeSync, ftruncateSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fakeLima, portOn } from '../support/fake-lima.ts'
import type { LimaSubject } from './lima.contract.ts'
import { limaContract } from './lima.contract.ts'

const subject =
  (ssh: boolean) =>
  async (t: TestContext): Promise<LimaSubject> => {
    const fake = fakeLima(t, { guestMode: 'host', ssh })
    const image = join(fake.root, 'disk.raw')
    const file = openSync(image, 'w')
    ftruncateSync(file, 4 * 1024 ** 3)
    closeSync(file)
    const template = join(fake.root, 'guest.yaml')
    writeFileSync(template, `images: [{location: "${image}", arch: x86_64}]\n`)
    return { lima: portOn(fake).lima, name: 'dvm-contract', template }
  }

limaContract('fake, guests by limactl shell', subject(false))
limaContract('fake, guests by ssh', subject(true))
