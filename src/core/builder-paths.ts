// Where dvm keeps its things in the builder.

export const builderRoot = '/var/lib/dvm'

/** Where a build works, from its context to its disk; emptied before and after. */
export const workRoot = `${builderRoot}/work`

/** Where the disk builder puts what it made. */
export const outputRoot = `${workRoot}/output`
