/** The mark by which a message is known again: `~<16 hex digits of time><4 hex digits of sender>~`, as in native/stamp.h. */
export type Stamp = { time: number; sender: number }

const pattern = /~([0-9a-f]{16})([0-9a-f]{4})~/g

export function findStamps(text: string): Stamp[] {
  return Array.from(text.matchAll(pattern), ([, time = '', sender = '']) => ({
    time: Number.parseInt(time, 16),
    sender: Number.parseInt(sender, 16),
  }))
}

/** Fills in `%stamp%` and `%count%`. */
export function fillTemplate(template: string, { time, sender }: Stamp, count: number): string {
  const stamp = `~${time.toString(16).padStart(16, '0')}${sender.toString(16).padStart(4, '0')}~`
  return template.replaceAll('%stamp%', stamp).replaceAll('%count%', String(count))
}
