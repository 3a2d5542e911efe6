import { attack, attacks } from './attacks.ts'

/** A process of its own, so that the attacker's work is not the victim's: `attacker.ts PORT ATTACK`, until its input ends. */
const [port = '', name = ''] = Bun.argv.slice(2)
const chosen = attacks[name]
if (chosen === undefined) throw new Error(`no attack is called ${name}`)
const running = attack(Number(port), chosen)
// Whoever started this closes the pipe, or is gone.
for await (const _ of Bun.stdin.stream());
console.log(await running.stop())
