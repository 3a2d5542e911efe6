const shape = /^[^\s@\p{Cc}\p{Cf}]+@[^\s@\p{Cc}\p{Cf}.]+(\.[^\s@\p{Cc}\p{Cf}.]+)+$/u

/** Whether a text can be an address: one `@`, a dotted domain, nothing invisible. Whether mail arrives there, only mail can tell. */
export const isEmail = (text: string): boolean => shape.test(text)

/** The form under which an address has one owner: without regard to case. */
export const emailKey = (email: string): string => email.normalize('NFC').toLowerCase()
