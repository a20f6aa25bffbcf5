// Lines that podman and disk builders print, read as progress. Pure; what is not recognised is no progress.

export interface Progress {
  readonly text: string
  /** 0 to 100, where the tool gives it. */
  readonly percent?: number
}

/** What an instruction does, without options like `--mount=…`, which fill a line before it begins. */
const shortened = (step: string): string =>
  step.replace(/^(\w+)(?:\s+--\S+)+(?=\s)/, '$1').replaceAll(/\s+/g, ' ')

/** `STEP 3/12: RUN …` of podman build. `step` is the instruction as podman names it. */
export const podmanProgress = (line: string): (Progress & { readonly step: string }) | undefined => {
  const match = /^(?:\[\d+\/\d+\] )?STEP (\d+)\/(\d+): (.*)$/.exec(line)
  if (match === null) return undefined
  const [, done = '0', total = '1', step = ''] = match
  return {
    text: `${done}/${total} ${shortened(step)}`,
    percent: Math.floor(((Number(done) - 1) / Number(total)) * 100),
    step,
  }
}

/** `[3 / 5] Pipeline image` and `  [7 / 13] Stage …` of a disk builder's `--progress debug`. */
export const diskProgress = (line: string): Progress | undefined => {
  const match = /^(\s*)\[(\d+) \/ (\d+)\] (.*)$/.exec(line)
  if (match === null) return undefined
  const [, indent = '', done = '0', total = '1', what = ''] = match
  const text = `${done}/${total} ${what}`
  return indent === '' ? { text, percent: Math.floor(((Number(done) - 1) / Number(total)) * 100) } : { text }
}
