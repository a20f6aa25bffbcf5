// Who holds a resource, and how a person is told.

export interface Holder {
  readonly pid: number
  /** When it took the resource, ISO 8601. */
  readonly startTime: string
  /** What was typed, for example `dvm base build`. */
  readonly command: string
}

/** For example `dvm base build (pid 4711, since 2026-08-01 10:31:07)`. */
export const describeHolder = (holder: Holder): string =>
  `${holder.command} (pid ${holder.pid}, since ${holder.startTime.slice(0, 19).replace('T', ' ')} UTC)`
