// What the guest's end of a copy says went wrong, as what to do about it.
import { posix } from 'node:path'
import { quoteWord, type Completed } from '../../core/command.ts'
import { pathText, remoteText } from '../../core/copy-path.ts'
import { DvmError, type ErrorCode } from '../../core/errors.ts'
import { targetText } from '../../core/target.ts'
import { containerFailure } from '../containers/errors.ts'
import type { GuestEnd } from './guest.ts'

/**
 * [code, what is wrong, what to type]. {R} is the path with its VM, {P} the path, {D} the directory that it is in, {T} the VM or project,
 * {IN} is `dvm ssh VM --`.
 */
type Known = readonly [ErrorCode, string, string]

/** By the word that templates/guest/copy.sh fails with. */
const known: Readonly<Record<string, Known>> = {
  missing: ['not-found', '{R} does not exist', '{IN} ls -la {D}'],
  directory: ['usage', '{R} is a directory', '{RECURSIVE}'],
  special: ['failed', '{R} is neither a file nor a directory', '{IN} ls -la {P}'],
  unreadable: ['failed', 'the guest may not read {R}', '{IN} ls -la {P}'],
  'no-directory': [
    'not-found',
    '{R} leads into a directory that does not exist',
    '{IN} mkdir -p {DIRECTORY}, then again: {AGAIN}',
  ],
  'no-name': ['usage', '/ has no name that its copy could keep', 'name the destination too: {NAMED}'],
  'not-writable': ['failed', 'nothing can be written to the directory of {R}', '{IN} ls -lad {D}'],
  'is-directory': [
    'failed',
    'a directory is in the place of {R}, and a file does not replace it',
    'copy to another name, or look first: {IN} ls -la {P}',
  ],
  'not-directory': [
    'failed',
    'something else is in the place of {R}, and a directory does not replace it',
    'copy to another name, or look first: {IN} ls -la {P}',
  ],
  meets: [
    'failed',
    'a file and a directory meet in {R}, and neither replaces the other, so nothing was changed there',
    'copy to another name, or look first: {IN} ls -la {P}',
  ],
  'no-tar': ['tool', '{T} has no tar, which copying directories takes', 'install tar in {T}'],
  short: ['integrity', 'not all of it arrived in {T}, so nothing was changed there', 'again: {AGAIN}'],
  write: ['failed', '{T} could not write {R}', '{IN} ls -la {D}'],
  read: ['failed', '{T} could not read all of {R}', '{IN} ls -laR {P}'],
}

const full: Known = ['failed', 'no space is left in {T}', '{IN} df -h {D}']
const noBash: Known = ['tool', '{T} has no bash, which copying takes', 'install bash in its image']
const lost: Known = ['failed', 'the connection to {T} ended before the copy did', 'again: {AGAIN}']
const strange: Known = ['failed', '{T} could not take part in the copy', 'dvm sync {VM}']

/** Lines on stderr that are neither the script's own nor dd's count. */
export const toldByTools = (stderr: string): readonly string[] =>
  stderr
    .split('\n')
    .filter(
      (line) =>
        line.trim() !== '' && !/^::dvm |^\d+\+\d+ records (?:in|out)$|^\d+ bytes?\b.* copied/.test(line),
    )
    // Names of files in a guest are no reason to let it speak to the terminal.
    .map((line) => line.replaceAll(/\p{Cc}/gu, '?'))
    .slice(-20)

/** The word that the script failed with, and whether it is about what would be in the directory that was named. */
const saidBy = (stderr: string): { readonly word: string; readonly inside: boolean } | undefined => {
  const match = /^::dvm error (\S+)( in)?$/m.exec(stderr)
  return match === null ? undefined : { word: match[1] ?? '', inside: match[2] !== undefined }
}

const recognise = ({ stderr, exitCode }: Completed): Known | undefined => {
  // What it names may read like any of the rest.
  if (saidBy(stderr)?.word === 'meets') return known['meets']
  if (/No space left on device|Disk quota exceeded/i.test(stderr)) return full
  if (/executable file .?bash.? not found|exec.*bash.*no such file/i.test(stderr)) return noBash
  const said = saidBy(stderr)
  if (said !== undefined) return known[said.word]
  return exitCode === 255 || exitCode === undefined || exitCode === 0 ? lost : undefined
}

/** @param name what arrives is called in a directory; empty for what is sent */
export const copyFailure = (completed: Completed, end: GuestEnd, name = ''): DvmError => {
  const { target, again } = end
  const { stderr } = completed
  const found = recognise(completed)
  // podman's own complaints: no such container, an image that does not start.
  if (found === undefined && target.project !== undefined && /^Error: /m.test(stderr))
    return containerFailure('reach into its container', target, completed)
  const [code, message, hint] = found ?? strange
  const path = saidBy(stderr)?.inside === true ? `${end.path.replace(/\/$/, '')}/${name}` : end.path
  const where = remoteText(target, path)
  const values: Readonly<Record<string, string>> = {
    R: pathText(where),
    P: quoteWord(path),
    D: quoteWord(posix.dirname(path)),
    DIRECTORY: quoteWord(path.endsWith('/') ? path : posix.dirname(path)),
    NAMED: quoteWord(`${where}NAME`),
    T: targetText(target),
    VM: target.vm,
    IN: `dvm ssh ${targetText(target)} --`,
    AGAIN: again,
    RECURSIVE: again.replace(/^dvm cp /, 'dvm cp -r '),
  }
  const fill = (text: string): string => text.replaceAll(/\{(\w+)\}/g, (_, key: string) => values[key] ?? '')
  return new DvmError(code, fill(message), { hint: fill(hint), tail: toldByTools(stderr) })
}
