// The guest's half of the network settings: templates/guest/network.sh with its values in front. All of it travels over stdin, because a
// proxy may hold a password and an argument is seen by every user of a guest.
import { quoteWord } from './command.ts'
import { renderRegistries } from './mirrors.ts'
import type { GuestNetwork } from './network.ts'
import { aptTrust, dnfTrust, trustDeviceFile, trustDeviceFileForDnf } from './trust.ts'

const kept = '# Kept by dvm: what is changed here is lost.\n'

/**
 * For `bash -s` as root.
 * @param reader the account that may read the proxies, besides root
 */
export const renderNetworkScript = (template: string, network: GuestNetwork, reader: string): string => {
  const environment = Object.entries(network.environment).map(([name, value]) => `${name}=${value}\n`)
  const registries = renderRegistries(network.mirrors)
  const values = {
    // The reader's name is in it, so that another reader is a change.
    network_environment:
      environment.length === 0 ? '' : `# Kept by dvm for ${reader}.\n${environment.join('')}`,
    network_registries: registries === '' ? '' : kept + registries,
    network_certificates: network.certificates.join(''),
    network_reader: reader,
    network_device: trustDeviceFile,
    network_dnf_device: trustDeviceFileForDnf,
    network_apt: aptTrust,
    network_dnf: dnfTrust,
  }
  return [
    ...Object.entries(values).map(([name, value]) => `${name}=${quoteWord(value)}`),
    template.trimEnd(),
    '',
  ].join('\n')
}
