// Projects: what they may be called, what project.sh may say, and how a container has moved away from it.
import assert from 'node:assert/strict'
import test from 'node:test'
import { DvmError } from '../../src/core/errors.ts'
import {
  checkPorts,
  containerDrift,
  parseProjectConfig,
  parseSpec,
  specDrift,
  specOf,
} from '../../src/core/project.ts'
import type { RawValues } from '../../src/core/raw-values.ts'
import { parseSections } from '../../src/core/sections.ts'
import { containerOf, parseProjectTarget, parseTarget, targetText } from '../../src/core/target.ts'

const raw = (values: Readonly<Record<string, string | readonly string[]>>): RawValues =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value, file: '/p/project.sh' }]))

test('a target is a VM, or a project in one', () => {
  assert.deepEqual(parseTarget('app', 'dvm-builder'), { vm: 'app', project: undefined })
  const target = parseProjectTarget('pool/api-2', 'dvm-builder')
  assert.deepEqual(target, { vm: 'pool', project: 'api-2' })
  assert.deepEqual([targetText(target), containerOf(target)], ['pool/api-2', 'dvm-pool-api-2'])
  for (const [text, code] of [
    ['pool/', 'usage'],
    ['/api', 'usage'],
    ['pool/a/b', 'usage'],
    ['pool/A', 'usage'],
    ['pool/$(x)', 'usage'],
    ['pool/..', 'usage'],
    ['base/x', 'refused'],
    ['builder/x', 'refused'],
  ] as const)
    assert.throws(() => parseTarget(text, 'dvm-builder'), { code }, text)
  assert.throws(() => parseProjectTarget('pool', 'dvm-builder'), { code: 'usage', hint: 'pool/PROJECT' })
})

test('without a word in project.sh there are defaults', () =>
  assert.deepEqual(parseProjectConfig({}), { image: undefined, nested: false, workdir: '/work', ports: [] }))

test('what project.sh says', () =>
  assert.deepEqual(
    parseProjectConfig(
      raw({
        IMAGE: 'docker.io/library/node:24',
        NESTED: '1',
        PROJ_WORKDIR: '/my work',
        PROJ_PORTS: ['5173:80'],
      }),
    ),
    {
      image: 'docker.io/library/node:24',
      nested: true,
      workdir: '/my work',
      ports: [{ host: 5173, guest: 80 }],
    },
  ))

const wrong: readonly [Readonly<Record<string, string | readonly string[]>>, string][] = [
  [{ IMAGE: '--privileged' }, 'IMAGE must be an image reference, not "--privileged"'],
  [{ IMAGE: 'a b' }, 'IMAGE must be an image reference, not "a b"'],
  [{ IMAGE: ['a', 'b'] }, 'IMAGE must be one value, not an array'],
  [{ NESTED: 'yes' }, 'NESTED must be 0 or 1, not "yes"'],
  ...['work', '/', '//', '/a:/etc', '/a,rw', '/a/../etc', '/a\nb'].map(
    (path): [Readonly<Record<string, string>>, string] => [
      { PROJ_WORKDIR: path },
      `PROJ_WORKDIR must be an absolute path below the root, without ":", "," and "..", not ${JSON.stringify(path)}`,
    ],
  ),
  [{ PROJ_PORTS: ['0:80'] }, 'PROJ_PORTS must hold HOST:GUEST, both from 1 to 65535, not "0:80"'],
]
for (const [values, problem] of wrong)
  test(`refused: ${JSON.stringify(values)}`, () =>
    assert.throws(
      () => parseProjectConfig(raw(values)),
      (error: unknown) => error instanceof DvmError && error.message === `/p/project.sh: ${problem}`,
    ))

test('a spec survives as a label, and drift is told in words', () => {
  const config = parseProjectConfig(raw({ PROJ_PORTS: '3000:3000' }))
  const made = specOf(config, 'localhost/dvm-dev-base:latest')
  assert.deepEqual(parseSpec(JSON.stringify(made)), made)
  assert.deepEqual(specDrift(made, made), [])
  for (const label of [undefined, '', '{}', '[]', 'null', '{"image":1}'])
    assert.deepEqual(specDrift(parseSpec(label), made), ['it was not made by this dvm'])
  assert.deepEqual(specDrift(made, { image: 'node:24', nested: true, workdir: '/src', ports: [] }), [
    'image localhost/dvm-dev-base:latest (project.sh: node:24)',
    'workdir /work (project.sh: /src)',
    'ports 3000:3000 (project.sh: none)',
    'nested 0 (project.sh: 1)',
  ])
})

const ports: readonly [string, readonly string[], Readonly<Record<string, readonly string[]>>, string?][] = [
  ['different ports', ['80:80'], { api: ['3000:3000'], web: ['3001:3000'] }],
  [
    'two projects',
    [],
    { api: ['3000:3000'], web: ['4000:1', '3000:80'] },
    'port 3000 of this machine is given twice: by app/api and by app/web',
  ],
  [
    'the VM and a project',
    ['8080:80'],
    { api: ['8080:3000'] },
    'port 8080 of this machine is given twice: by DVM_PORTS of app and by app/api',
  ],
  ['a port of a project that the VM names as well', ['8080:8080'], { api: ['8080:3000'] }],
  ['the guest’s side alone', ['9000:8080'], { api: ['8080:3000'] }],
]
for (const [what, own, given, message] of ports)
  test(`ports of this machine: ${what}`, () => {
    const pairs = (texts: readonly string[]) =>
      texts.map((text) => {
        const [host = 0, guest = 0] = text.split(':').map(Number)
        return { host, guest }
      })
    const projects = Object.entries(given).map(([name, texts]) => ({
      name: `app/${name}`,
      ports: pairs(texts),
    }))
    const check = (): void => checkPorts('app', pairs(own), projects)
    if (message === undefined) check()
    else assert.throws(check, { code: 'config', message })
  })

test('a container is behind the dev-base when the VM has another one by now', () => {
  const tag = 'localhost/dvm-dev-base:latest'
  const wanted = { image: tag, nested: false, workdir: '/work', ports: [] }
  const now = [
    { id: 'older', names: [] },
    { id: 'new', names: ['localhost/other:1', tag] },
  ]
  const drift = (imageId: string, images: typeof now, spec = wanted): readonly string[] =>
    containerDrift({ spec, imageId }, wanted, images)
  assert.deepEqual(drift('older', now), [`an older build of ${tag}`])
  for (const id of ['new', 'sha256:new', '']) assert.deepEqual(drift(id, now), [], id)
  assert.deepEqual(drift('older', []), [], 'nobody knows')
  const own = { ...wanted, image: 'node:24' }
  assert.deepEqual(drift('older', now, own), [`image node:24 (project.sh: ${tag})`])
  assert.deepEqual(containerDrift({ spec: own, imageId: 'older' }, own, now), [])
  assert.deepEqual(containerDrift({ spec: undefined, imageId: 'older' }, wanted, now), [
    'it was not made by this dvm',
  ])
})

test('sections of a guest’s output, whatever a login printed before them', () => {
  const sections = parseSections('Welcome!\n::dvm ready yes\n::dvm containers\n[]\n\n::dvm images\n')
  assert.deepEqual(
    [...sections],
    [
      ['ready', { value: 'yes', text: '' }],
      ['containers', { value: '', text: '[]\n\n' }],
      ['images', { value: '', text: '' }],
    ],
  )
  assert.equal(parseSections('').size, 0)
})
