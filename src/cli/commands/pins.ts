// `dvm pins list`, `check` and `update`: the images that builds are made of, nailed to digests.
import type { Command } from 'commander'
import { Option } from 'commander'
import { DvmError } from '../../core/errors.ts'
import type { CheckedPin, UpdatedPin } from '../../core/pin-state.ts'
import { pinExitCodes, selectPins, worstState } from '../../core/pin-state.ts'
import type { Pin, Pins } from '../../core/pin.ts'
import { roles } from '../../core/pin.ts'
import { shortDigest } from '../../core/reference.ts'
import type { Deps } from '../../tasks/deps.ts'
import type { CliContext } from '../context.ts'

interface Options {
  readonly flavour?: string
  readonly role?: string
  readonly file?: string
  readonly json?: boolean
}

const namesOf = (pin: Pin): string[] => [pin.flavour, pin.role, `${pin.reference}:${pin.track}`]
const dated = (digest: string, day: string): string => `${shortDigest(digest)} (${day})`

const read = async (
  context: CliContext,
  options: Options,
): Promise<{ deps: Deps; file: ReturnType<Deps['pinsFile']>; pins: Pins }> => {
  const { parsePins } = await import('../../core/pins-text.ts')
  const deps = await context.deps()
  const file = deps.pinsFile(options.file)
  const pins = parsePins(await file.text(), options.file ?? 'pins.json')
  return { deps, file, pins: selectPins(pins, options.flavour, options.role) }
}

/** What to type about each state that is not fine. */
const advice = {
  outdated: 'a tag moved on; its pin still works: dvm pins update',
  gone: 'a registry no longer has a pinned image; bases that are built keep booting, the next build needs: dvm pins update',
  unreachable: 'a registry gave no answer; nothing is known of its pins, try again later',
} as const

const latestOf = (pin: CheckedPin): string =>
  pin.latest === undefined
    ? ''
    : `${shortDigest(pin.latest)}${pin.created === undefined ? '' : ` (${pin.created})`}`

const showCheck = (context: CliContext, pins: readonly CheckedPin[], json: boolean): void => {
  const { reporter } = context
  const state = worstState(pins.map((pin) => pin.state))
  if (json) reporter.json({ state, pins })
  else
    reporter.table(
      ['FLAVOUR', 'ROLE', 'TRACKS', 'STATE', 'PINNED', 'TAG NOW'],
      pins.map((pin) => [...namesOf(pin), pin.state, dated(pin.digest, pin.resolved), latestOf(pin)]),
    )
  for (const pin of pins)
    if (pin.problem !== undefined) reporter.warn(`${pin.flavour} ${pin.role}: ${pin.problem}`)
  for (const each of ['gone', 'unreachable', 'outdated'] as const)
    if (pins.some((pin) => pin.state === each)) reporter.note(advice[each])
  context.exitWith(pinExitCodes[state])
}

const outcomeOf = (pin: UpdatedPin): string => {
  if (pin.failure !== undefined) return 'failed'
  return pin.next === undefined ? 'unchanged' : dated(pin.next.digest, pin.next.created ?? pin.next.resolved)
}

const showUpdate = ({ reporter }: CliContext, pins: readonly UpdatedPin[], json: boolean): void => {
  if (json)
    reporter.json({
      pins: pins.map(({ failure, ...pin }) => ({
        ...pin,
        ...(failure === undefined ? {} : { problem: failure.message }),
      })),
    })
  else
    reporter.table(
      ['FLAVOUR', 'ROLE', 'TRACKS', 'OLD', 'NEW'],
      pins.map((pin) => [...namesOf(pin), dated(pin.digest, pin.resolved), `→ ${outcomeOf(pin)}`]),
    )
  const failures = pins.flatMap((pin) => (pin.failure === undefined ? [] : [{ pin, failure: pin.failure }]))
  const [first] = failures
  if (first === undefined) return
  for (const { pin, failure } of failures)
    reporter.warn(`${pin.flavour} ${pin.role} stays as it is: ${failure.message}`)
  throw new DvmError(first.failure.code, `${failures.length} of ${pins.length} pins could not be resolved`, {
    hint: first.failure.hint,
    cause: first.failure,
  })
}

export const registerPins = (program: Command, context: CliContext): void => {
  const pins = program.command('pins').description('the images that builds use, pinned by digest')
  const add = (name: string, description: string): Command =>
    pins
      .command(name)
      .description(description)
      .option('--flavour <flavour>', 'only the pins of this flavour')
      .addOption(new Option('--role <role>', 'only the pins of this role').choices(roles))
      .option('--file <path>', 'another file than the one that ships with dvm')
      .option('--json', 'print one JSON document')

  add('list', 'show what is pinned').action(async (options: Options) => {
    const { pins } = await read(context, options)
    if (options.json === true) return context.reporter.json(pins)
    return context.reporter.table(
      ['FLAVOUR', 'ROLE', 'TRACKS', 'RESOLVED', 'DIGEST'],
      pins.map((pin) => [...namesOf(pin), pin.resolved, pin.digest]),
    )
  })

  add('check', 'ask the registries whether the tags moved and the pins are still served')
    .addHelpText(
      'after',
      '\nExit code, of several pins the first that applies: 11 gone, 12 unreachable, 10 outdated, 0 current.',
    )
    .action(async (options: Options) => {
      const { deps, pins } = await read(context, options)
      const { checkPins } = await import('../../tasks/pins.ts')
      showCheck(context, await checkPins(deps.registry, pins), options.json === true)
    })

  add('update', 'move the pins to what their tags point at now; a tag never changes').action(
    async (options: Options) => {
      const { deps, file, pins } = await read(context, options)
      const { updatePins } = await import('../../tasks/pins.ts')
      const write = !deps.env.dryRun
      const today = new Date().toISOString().slice(0, 10)
      const updated = await updatePins(deps.registry, file, pins, { write, today })
      if (!write) context.reporter.note(`dry run: ${file.path} is not written`)
      showUpdate(context, updated, options.json === true)
    },
  )
}
