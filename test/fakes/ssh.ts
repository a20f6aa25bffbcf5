// A strict stand-in for ssh as dvm calls it: Lima's ssh.config, the options that dvm uses, one line for the guest's shell.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { findInstance, readScript, refuse, runInGuest, answerLimactl } from './state.ts'

const argv = process.argv.slice(2)
const options = new Set([
  'BatchMode=yes',
  'ControlMaster=no',
  'ConnectTimeout=30',
  'ServerAliveInterval=30',
  'LogLevel=ERROR',
])
/** A connection of DVM_USER's own, with the agent: all of these or none. */
const login = [
  /^ControlPath=none$/,
  /^ForwardAgent=yes$/,
  /^User=[a-z][a-z0-9-]*$/,
  /^StrictHostKeyChecking=yes$/,
  /^NoHostAuthenticationForLocalhost=no$/,
  /^HostKeyAlias=dvm-[a-z0-9-]+$/,
  /^UserKnownHostsFile="\/[^"]+\.known_hosts"$/,
]
const words = [...argv]
let logins = 0
let config = ''
let stdin = true
while (words[0]?.startsWith('-') === true) {
  const flag = words.shift()
  if (flag === '-F') config = words.shift() ?? ''
  else if (flag === '-o' && options.has(words[0] ?? '')) words.shift()
  else if (flag === '-o' && login.some((option) => option.test(words[0] ?? ''))) {
    words.shift()
    logins += 1
  } else if (flag === '-n') stdin = false
  else if (flag !== '-T' && flag !== '-t')
    refuse(`ssh: not an option that dvm uses: ${flag} ${words[0] ?? ''}`)
}
const [host = '', separator, line, ...more] = words
if (separator !== '--' || line === undefined || more.length > 0)
  refuse('ssh: expected HOST -- one line for the shell')
if (logins !== 0 && logins !== login.length) refuse('ssh: half of a login with the agent')
if (!existsSync(config)) refuse(`ssh: no configuration file "${config}"`)
await answerLimactl(readScript().limactl, ['ssh', host])
if (findInstance(host.replace(/^lima-/, ''))?.status !== 'Running') {
  process.stderr.write('ssh: connect to host 127.0.0.1 port 40022: Connection refused\n')
  process.exit(255)
}
// The line is read by a real shell, because its quoting is what a test wants to see.
const [, workdir = '', command = ''] =
  /^cd (\S+|'.*?') \|\| exit 1 ; (?:export PATH="\$PATH:\/usr\/sbin:\/sbin" ; )?exec (.*)$/s.exec(
    line ?? '',
  ) ?? refuse(`ssh: not a line that dvm sends: ${line}`)
const unquote = (text: string): string[] =>
  execFileSync('/bin/sh', ['-c', `printf '%s\\0' ${text}`], { encoding: 'utf8' })
    .split('\0')
    .slice(0, -1)
const interactive = command === '"$SHELL" -l'
await runInGuest(
  { program: 'ssh', argv },
  { argv: interactive ? [] : unquote(command), workdir: unquote(workdir)[0] ?? '/', line: line ?? '', stdin },
)
