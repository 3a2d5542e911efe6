/** Everything a terminal might obey instead of showing it: control characters of both sets, and those that turn the direction of text. */
const commands = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** What somebody else wrote, safe to print on one line. */
export const clean = (text: string): string => text.replace(/[\t\n\r\u0085\u2028\u2029]+/g, ' ').replace(commands, '')

/** The same for a text of several lines: those after the first are indented, so that none can pass for a line of its own. */
export const cleanLines = (text: string): string =>
  text
    .split(/\r\n|[\n\r\u0085\u2028\u2029]/)
    .map((line) => clean(line))
    .join('\n    ')
