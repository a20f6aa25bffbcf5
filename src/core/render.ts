// Fills a text template. Values never meet the syntax around them unquoted: the caller says which quoting the place needs.

/** Makes a value safe where the template has it. */
export type Quote = (value: string) => string

/** Between the double quotes of a shell word, as in `DVM_USER="{{user}}"`. */
export const insideDoubleQuotes: Quote = (value) => value.replaceAll(/[\\"$`]/g, String.raw`\$&`)

/**
 * Replaces each `{{name}}`.
 * @throws Error for a name without a value, and for a value that the template does not use: both are bugs of dvm.
 */
export const render = (template: string, values: Readonly<Record<string, string>>, quote: Quote): string => {
  const unused = new Set(Object.keys(values))
  const text = template.replaceAll(/\{\{([a-z][a-zA-Z0-9]*)\}\}/g, (_, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined
    if (value === undefined) throw new Error(`a template needs a value for {{${name}}}`)
    unused.delete(name)
    return quote(value)
  })
  if (unused.size > 0) throw new Error(`a template does not use ${[...unused].join(', ')}`)
  return text
}
