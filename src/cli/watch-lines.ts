// How `dvm watch` words what happens: one line an event, and below a failure what to do about it.
import { onOneLine, problemsInOne } from '../core/finding.ts'
import { shortName } from '../core/generation.ts'
import { basePlace, type Place } from '../core/watch.ts'
import type { WatchStory } from '../tasks/watch-story.ts'
import { tilde, tildes } from './reporter.ts'

/** Names of files, and last lines of a log. */
const few = 3

const listed = (files: readonly string[]): string => {
  const names = files.map((file) => (file === '' ? 'the directory' : file))
  const more = names.length - few
  return `${names.slice(0, few).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

/** For example `0.4 s`, `42 s`, `8 min 3 s`. */
export const durationText = (ms: number): string => {
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

const doing = (place: Place): string => (place === basePlace ? 'building' : 'syncing')

const sentence = (story: WatchStory, home: string): string => {
  switch (story.kind) {
    case 'watching': {
      const { baseDir, hasContainerfile, vms } = story
      const base = `${tilde(baseDir, home)}${hasContainerfile ? '' : ' (no Containerfile yet)'}`
      const machines = vms.length === 0 ? '' : ` and the VM${vms.length === 1 ? '' : 's'} ${vms.join(', ')}`
      return `watching ${base}${machines}; Ctrl-C ends it`
    }
    case 'begun':
      return story.files.length === 0
        ? `${story.place}: there is none yet, ${doing(story.place)}`
        : `${story.place}: changed ${listed(story.files)}, ${doing(story.place)}`
    case 'stopping':
      return `${story.place}: changed ${listed(story.files)}, stopping the build under way`
    case 'later':
      return `${story.place}: changed ${listed(story.files)}, ${doing(story.place)} again after this one`
    case 'absent':
      return `${story.place}: changed ${listed(story.files)}, but there is no such VM yet: dvm sync ${story.place}`
    case 'built':
      return `base ${shortName(story.generation)} is ready (${durationText(story.ms)})`
    case 'switched':
      return `base ${shortName(story.generation)} is current again (${durationText(story.ms)})`
    case 'unchanged':
      return story.files.length === 0
        ? `base ${shortName(story.generation)} is current`
        : `base: changed ${listed(story.files)}, nothing to build`
    case 'synced':
      return `${story.place}: synced (${durationText(story.ms)})`
    case 'said':
      return `${story.place}: ${story.text}`
    case 'warned':
      return `${story.place}: warning: ${story.text}`
    case 'failed':
    default:
      return `${story.place}: ${problemsInOne(story.error.message)}${story.ms === undefined ? '' : ` (${durationText(story.ms)})`}`
  }
}

/** What a failure has below its line: the log's last lines, what to type, the log. */
const details = (story: WatchStory, home: string): readonly string[] => {
  if (story.kind !== 'failed') return []
  const { hint, logFile, tail } = story.error
  const log = logFile === undefined ? [] : [`log: ${tilde(logFile, home)}`]
  const remedy = hint === undefined ? log : [`try: ${hint}${log.map((text) => ` (${text})`).join('')}`]
  return [...tail.slice(-few).map((line) => `| ${line}`), ...remedy].map((line) => `  ${line}`)
}

/** The lines of one event. Nothing in a file's name or a message can pass for another line. */
export const watchLines = (story: WatchStory, now: Date, home: string): readonly string[] => {
  const time = now.toTimeString().slice(0, 8)
  return [`${time} ${tildes(sentence(story, home), home)}`, ...details(story, home)].map(onOneLine)
}
