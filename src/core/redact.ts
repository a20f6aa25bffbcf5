// Logins in URLs, taken out of whatever is shown or logged: tools print the address of their proxy when it fails.

/** The same text with `***` where a URL has a login. A name alone stays where it is no secret: git@ in ssh://git@host. */
export const redact = (text: string): string =>
  text.includes('@')
    ? text.replaceAll(
        /\b([a-z][a-z0-9+.-]*:\/\/)([^\s/?#"'<>\\]*)@/gi,
        (whole, scheme: string, login: string) =>
          login.includes(':') || /^(https?|socks\w*):/i.test(scheme) ? `${scheme}***@` : whole,
      )
    : text
