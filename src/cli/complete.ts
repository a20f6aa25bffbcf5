// What may come next on a command line, read off the commander program: nothing that a command declares is listed again for completion.
// What only the machine knows is named here, and looked up in commands/completion.ts.
import type { Argument, Command, Option } from 'commander'
import { editorNames } from '../core/editors.ts'
import { flavourNames } from '../core/flavour.ts'
import { helpTopics } from './commands/help.ts'

/**
 * Arguments and values of options complete by the name that they are declared with, `<vm>` for example, unless they have choices.
 * Any other name is free text.
 */
const valueNames = ['vm', 'vm/project', 'flavour', 'editor', 'path', 'command'] as const
type ValueName = (typeof valueNames)[number]

export interface Candidate {
  readonly word: string
  readonly description?: string
}

/** The place on the command line that is being completed. */
export interface Slot {
  /** What of the word stays as it is: `--option=`. */
  readonly before: string
  /** What is typed after that. */
  readonly typed: string
  readonly candidates: readonly Candidate[]
  /** What else may stand here, which the machine must be asked for. */
  readonly ask?: 'vm' | 'vm/project' | 'path'
}

/** A way into the command line: the command that it has come to, and what that was given so far. */
interface Place {
  /** The group that the command was found in. */
  readonly group: Command
  readonly command: Command
  readonly operands: readonly string[]
  readonly options: readonly Option[]
  /** The option whose value comes next. */
  readonly waiting?: Option | undefined
  /** True where a leading `-` has no meaning any more. */
  readonly literal: boolean
}

// Only createHelp says which commands and options are hidden. It adds a `help` to each group, which `dvm help` is enough for.
const commandsOf = (command: Command): readonly Command[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .filter((child) => command.commands.includes(child))
const optionsOf = (command: Command): readonly Option[] => command.createHelp().visibleOptions(command)

const childOf = (command: Command, word: string): Command | undefined =>
  commandsOf(command).find((child) => child.name() === word || child.aliases().includes(word))

const optionOf = (command: Command, word: string): Option | undefined =>
  optionsOf(command).find((option) => option.long === word || option.short === word)

/** The argument at an index; a variadic one goes on for ever. */
const argumentAt = (command: Command, index: number): Argument | undefined => {
  const last = command.registeredArguments.at(-1)
  return command.registeredArguments[index] ?? (last?.variadic === true ? last : undefined)
}

const valueNameOf = (name: string): ValueName | undefined => valueNames.find((each) => each === name)

/** True for words without end that are free text: a guest's command line, whose options are none of ours. */
const isForeign = (argument: Argument | undefined): boolean =>
  argument?.variadic === true &&
  argument.argChoices === undefined &&
  valueNameOf(argument.name()) === undefined

/** One word further. */
const step = (place: Place, word: string): Place => {
  const { command, operands, literal } = place
  // bash hands `--option=value` over as three words.
  if (place.waiting !== undefined) return word === '=' ? place : { ...place, waiting: undefined }
  if (!literal && word === '--') return { ...place, literal: true }
  if (!literal && /^-./.test(word)) {
    const option = optionOf(command, word.split('=')[0] ?? '')
    if (option === undefined) return place
    const waiting = option.required && !word.includes('=') ? option : undefined
    return { ...place, options: [...place.options, option], waiting }
  }
  const child = operands.length === 0 ? childOf(command, word) : undefined
  if (child !== undefined) return { group: command, command: child, operands: [], options: [], literal }
  const next = argumentAt(command, operands.length + 1)
  return { ...place, operands: [...operands, word], literal: literal || isForeign(next) }
}

const commandCandidates = (command: Command | undefined): readonly Candidate[] =>
  command === undefined
    ? []
    : commandsOf(command).map((child) => ({ word: child.name(), description: child.description() }))

/** Options that were not given yet. */
const optionCandidates = (place: Place, options: readonly Option[]): readonly Candidate[] =>
  options
    .filter((option) => !place.options.includes(option) || option.variadic)
    .map((option) => ({ word: option.long ?? option.short ?? '', description: option.description }))

/** What a value is completed with, by the name that it is declared with. */
const valuesOf = (
  name: string,
  choices: readonly string[] | undefined,
  place: Place,
): Pick<Slot, 'candidates' | 'ask'> => {
  const known = choices === undefined ? valueNameOf(name) : undefined
  if (known === 'vm' || known === 'vm/project' || known === 'path') return { candidates: [], ask: known }
  if (known === 'command') {
    // `help base` has come to the group base.
    const group = place.operands.reduce<Command | undefined>(
      (found, word) => (found === undefined ? undefined : childOf(found, word)),
      place.group,
    )
    const topics =
      place.operands.length === 0 ? helpTopics.filter((topic) => !childOf(place.group, topic)) : []
    return { candidates: [...commandCandidates(group), ...topics.map((word) => ({ word }))] }
  }
  const names = { flavour: flavourNames, editor: editorNames }
  const words = choices ?? (known === undefined ? [] : names[known])
  return { candidates: words.map((word) => ({ word })) }
}

const optionValues = (option: Option, place: Place): Pick<Slot, 'candidates' | 'ask'> =>
  valuesOf(/[<[]([^\]>.]+)/.exec(option.flags)?.[1] ?? '', option.argChoices, place)

const operandsAt = (place: Place, typed: string): Pick<Slot, 'candidates' | 'ask'> => {
  const { command, operands } = place
  const argument = argumentAt(command, operands.length)
  if (argument !== undefined) return valuesOf(argument.name(), argument.argChoices, place)
  const children = commandCandidates(command)
  if (children.length > 0 || typed !== '' || place.literal) return { candidates: children }
  // Only options can come here, so they are offered without a `-`. Not help, which would be filled in where it is alone.
  return {
    candidates: optionCandidates(
      place,
      command.options.filter(({ hidden }) => !hidden),
    ),
  }
}

/** The place of the last of these words, which are what follows `dvm` up to the cursor. */
export const slotAt = (program: Command, words: readonly string[]): Slot => {
  const start: Place = { group: program, command: program, operands: [], options: [], literal: false }
  const place = words.slice(0, -1).reduce(step, start)
  const word = words.at(-1) ?? ''
  const { command, operands, waiting, literal } = place
  if (waiting !== undefined)
    return { before: '', typed: word === '=' ? '' : word, ...optionValues(waiting, place) }
  const nothing: Slot = { before: '', typed: word, candidates: [] }
  // A command that does not exist, or one word too many.
  if (operands.length > 0 && argumentAt(command, operands.length - 1) === undefined) return nothing
  if (literal || !word.startsWith('-')) return { ...nothing, ...operandsAt(place, word) }
  const [, before, name = '', typed = ''] = /^((--[^=]+)=)(.*)$/s.exec(word) ?? []
  if (before === undefined) return { ...nothing, candidates: optionCandidates(place, optionsOf(command)) }
  const option = optionOf(command, name)
  return option === undefined || !(option.required || option.optional)
    ? nothing
    : { before, typed, ...optionValues(option, place) }
}
