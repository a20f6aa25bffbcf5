// What limactl is known to complain of, and what a person should read instead: a table for errors.ts.
import type { ErrorCode } from '../../core/errors.ts'

/** [what Lima says, code, what it means, what to type]; NAME is the instance, AGAIN what brings it up, $1 the pattern's first group. */
type Known = readonly [RegExp, ErrorCode, string, string]

const logs = "look at serial*.log and ha.stderr.log in: limactl list NAME --format '{{.Dir}}'"
export const install =
  'install Lima 2.1 or later: brew install lima, or https://lima-vm.io/docs/installation/'
const force = 'limactl stop --force NAME'

/** Complaints of Lima 2.1 and 2.2 that have a better wording and a way out. The first match wins. */
export const known: readonly Known[] = [
  [/must not run as the root user/, 'refused', 'Lima refuses to run as root', 'run dvm as an ordinary user'],
  [/^instance \S+ already exists/m, 'failed', 'the Lima instance NAME already exists', 'limactl list NAME'],
  [
    /identifier \S+ must match/,
    'config',
    'Lima takes no instance called NAME: no "-" may end a name, and no two may stand together',
    'give it another name: rename its directory in vms/',
  ],
  // Refused by Lima 2.2 because a clone may be under way.
  [
    /directory \S+ exists but its \S+ could not be read/,
    'failed',
    'the folder of the Lima instance NAME is incomplete, so Lima will not delete it',
    'when no limactl is at work on it, remove the folder that "limactl list" shows',
  ],
  // A start of what does not exist ends at "template `default.yaml`": see startVariables in index.ts.
  [
    /instance \S+ does not exist|template .default\.yaml. not found|unmatched instances|lima\.yaml: no such file/,
    'not-found',
    'there is no Lima instance NAME',
    'AGAIN',
  ],
  [
    /instance \S+ is stopped, run|expected status .Running., got .Stopped./,
    'failed',
    'the Lima instance NAME is stopped',
    'AGAIN',
  ],
  [
    /expected status .Stopped., got .Running./,
    'failed',
    'the Lima instance NAME is running',
    'limactl stop NAME',
  ],
  [
    /expected status .\w+., got .(\w+)./,
    'failed',
    'the Lima instance NAME is in the state "$1"',
    'limactl stop --force NAME',
  ],
  [
    /seems running \(hint: remove|errors inspecting instance: \[failed to (?:connect|get Info)/,
    'failed',
    'a crash left the Lima instance NAME half running',
    force,
  ],
  [
    /has configuration errors|has no configuration|expected status .\w+., got ../,
    'failed',
    "the settings of the Lima instance NAME (lima.yaml in Lima's folder) cannot be read",
    'limactl edit NAME, or limactl delete --force NAME',
  ],
  [
    /instance is protected/,
    'refused',
    'the Lima instance NAME is protected from removal',
    'limactl unprotect NAME',
  ],
  [
    /UNIX_PATH_MAX|is not a valid identifier: .* maximum length/,
    'config',
    "the name NAME is too long for Lima's folder: sockets there have a limit on the length of their paths",
    'use a shorter name, or a shorter LIMA_HOME',
  ],
  [
    /disk shrinking is not supported/,
    'config',
    'the disk size for NAME is smaller than the image it starts from',
    'raise DVM_DISK (the builder: DVM_BUILDER_DISK)',
  ],
  [
    /no space left on device/i,
    'failed',
    "the file system that holds Lima's instances is full",
    'df -h ~; then make room, or delete VMs that are no longer needed',
  ],
  [
    /did not receive an event with the .exiting. status|timed out waiting for instance to shut down/,
    'failed',
    'NAME did not shut down in time',
    force,
  ],
  [
    /did not receive an event with the .running. status|context deadline exceeded/,
    'failed',
    'NAME did not become ready in time',
    logs,
  ],
  [/degraded, status=/, 'failed', 'NAME runs, but not all that Lima needs in it works', logs],
  [
    /host agent process has exited|did not start up in|exiting, status=/,
    'failed',
    'NAME stopped while it was starting',
    logs,
  ],
  [
    /exec: "(\S+)": executable file not found/,
    'tool',
    'Lima needs $1, which is not installed',
    'install QEMU (Debian: qemu-system and qemu-utils; macOS: brew install qemu)',
  ],
  [
    /unknown or unsupported VM type: (\S+)/,
    'config',
    'Lima cannot make VMs of type "$1" here',
    'check DVM_VM_TYPE (limactl create --list-drivers)',
  ],
  [
    /template \S(\S+?)\S not found/,
    'not-found',
    'Lima has no template $1',
    'limactl create --list-templates',
  ],
  [
    /failed to unmarshal YAML|the YAML is invalid|field \S+ must be set/,
    'config',
    'the Lima template for NAME is not valid',
    'limactl validate TEMPLATE',
  ],
  [
    /failed to download `([^`]+)`: failed to open source/,
    'failed',
    'the disk image $1 is not there',
    'dvm base status',
  ],
  [
    /failed to download|dial tcp|no such host|TLS handshake timeout|i\/o timeout/,
    'network',
    'Lima could not download what NAME needs',
    'check the network and the proxy settings, then try again',
  ],
  [/unknown (?:shorthand )?flag/, 'tool', 'this limactl does not know an option that dvm uses', install],
]
