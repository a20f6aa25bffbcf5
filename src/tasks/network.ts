// The network settings on their way into a guest.
import { guestNetwork } from '../core/network.ts'
import { renderNetworkScript } from '../core/network-script.ts'
import type { Deps } from './deps.ts'

type Needed = Pick<Deps, 'assets' | 'network'>

/**
 * What root runs in a guest to bring it up to the settings.
 * @param reader the account that may read the proxies, besides root
 * @throws DvmError `config` for settings that make no sense
 */
export const networkScript = async ({ assets, network }: Needed, reader: string): Promise<string> =>
  renderNetworkScript(await assets.text('guest/network.sh'), guestNetwork(await network()), reader)

/** Variables of the settings for programs in a guest. */
export const networkEnvironment = async ({
  network,
}: Pick<Deps, 'network'>): Promise<Readonly<Record<string, string>>> =>
  guestNetwork(await network()).environment

/** Whether containers need the company's certificates. */
export const bringsTrust = async ({ network }: Pick<Deps, 'network'>): Promise<boolean> =>
  (await network()).certificates.length > 0
