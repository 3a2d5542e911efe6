import { describe, expect, test } from 'bun:test'
import { eventually } from '../harness/eventually.ts'
import { alice, bob, sitDown, stage } from './stage.ts'

describe('at the door', () => {
  test('a name and a password are asked for, and an account is made where there is none', async () => {
    await using set = stage()
    const carol = set.sits()
    await carol.sees('user name:')
    carol.types('carol')
    await carol.sees('password:')
    carol.types('carol-password')
    await carol.sees('Create "carol"?')
    carol.types('y')
    await carol.sees('signed in as carol')
    expect(await carol.leaves()).toBe(0)

    const again = set.sits({ user: 'carol' })
    await again.sees('password:')
    again.types('carol-password')
    await again.sees('signed in as carol')
  })

  test('a wrong password makes no account, and another may be typed', async () => {
    await using set = stage()
    const person = set.sits({ user: 'alice' })
    person.types('guess', 'y', 'alice', 'alice-password')
    await person.sees('That name is taken')
    await person.sees('signed in as alice')
    expect(set.peer.world.people.size).toBe(2)
  })

  test('whoever gives name and password beforehand is not asked, and leaves with an error if they are wrong', async () => {
    await using set = stage()
    const person = set.sits({ ...alice, password: 'wrong' })
    person.types('n')
    expect(await person.exit).toBe(1)
  })

  test.each(['nonsense', 'ftp://127.0.0.1'])('%s is no address, and is said to be none', async (url) => {
    const person = sitDown(url, alice)
    expect(await person.exit).toBe(1)
    await person.sees(/^! .*address of a server/)
  })

  test('a server that is not there is said to be so', async () => {
    await using set = stage()
    await set.peer.stop()
    const person = set.sits(alice)
    expect(await person.exit).toBe(1)
    await person.sees('! The server could not be reached.')
    set.peer.restart()
  })
})

describe('in a room', () => {
  test('two people who name the same room meet, whoever comes first', async () => {
    await using set = stage()
    const a = set.sits({ ...alice, room: 'general' })
    const b = set.sits({ ...bob, room: '#general' })
    await a.sees('— #general —')
    await b.sees('— #general —')
    a.types('hello bob')
    expect(await b.sees('hello bob')).toMatch(/^\d\d:\d\d #1 alice: hello bob$/)
    b.types('hello alice')
    expect(await a.sees('hello alice')).toMatch(/^\d\d:\d\d #2 bob: hello alice$/)
    expect(a.lines().filter((line) => line.includes('hello bob')).length).toBe(1)
  })

  test('history is shown on entering, and more of it on request', async () => {
    await using set = stage()
    const { world } = set.peer
    for (let count = 1; count <= 50; count += 1) world.say(set.hall, set.bob, `line ${count}`)
    const person = set.sits({ ...alice, room: 'hall' })
    await person.sees('line 50')
    expect(person.lines().filter((line) => line.includes('bob:')).length).toBe(20)
    person.types('/history')
    await person.sees('earlier, from #11 to #30')
    person.types('/history')
    await person.sees('earlier, from #1 to #10')
    person.types('/history')
    await person.sees('This is the beginning.')
    expect(person.lines().filter((line) => line.includes('bob:')).length).toBe(50)
  })

  test('messages are answered, changed and deleted by their number', async () => {
    await using set = stage()
    const a = set.sits({ ...alice, room: 'hall' })
    const b = set.sits({ ...bob, room: 'hall' })
    await b.sees('— #hall —')
    a.types('frist')
    await b.sees('frist')
    await a.sees('frist')
    a.types('/edit 1 first')
    expect(await b.sees('(edited)')).toMatch(/#1 alice: first \(edited\)$/)
    b.types('/reply #1 well done')
    expect(await a.sees('well done')).toMatch(/#2 bob ↩ #1: well done$/)
    b.types('/edit 1 not mine')
    await b.sees('! You may not do this here.')
    a.types('/delete 1')
    await b.sees('* #1 was deleted')
    b.types('/edit 99 what')
    await b.sees('There is no #99 on this screen.')
    b.types('/edit')
    await b.sees('Usage: /edit <number> <text>')
  })

  test('who types is told once, and what they wrote ends it', async () => {
    await using set = stage()
    const a = set.sits({ ...alice, room: 'hall' })
    await a.sees('— #hall —')
    const typing = { eph: 'typing' as const, room: set.hall.id, user: { id: set.bob.id, username: 'bob' }, typing: true, expires_ms: 6000 }
    set.peer.broadcast('typing', typing)
    set.peer.broadcast('typing', typing)
    set.peer.world.say(set.hall, set.bob, 'done')
    await a.sees('done')
    expect(a.lines().filter((line) => line === '* bob is typing').length).toBe(1)
  })

  test('what others write cannot command the terminal', async () => {
    await using set = stage()
    const { world } = set.peer
    const mallory = world.addPerson('mal\u001b[31mlory', 'x')
    world.join(set.hall, mallory)
    world.say(set.hall, mallory, 'nice\u001b]0;owned\u0007 \u009b2J\u0000\r\n23:59 #9 alice: fake\u202e')
    const a = set.sits({ ...alice, room: 'hall' })
    await a.sees('fake')
    const printed = a.lines().join('\n')
    expect(printed.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u)
    expect(a.lines().filter((line) => line.startsWith('23:59'))).toEqual([])
    expect(printed).toContain('mal[31mlory: nice]0;owned 2J\n    23:59 #9 alice: fake')
  })
})

describe('among rooms', () => {
  test('one makes, finds, lists and leaves them', async () => {
    await using set = stage()
    const a = set.sits(alice)
    await a.sees(/^ {2}#hall/)
    a.types('hello?')
    await a.sees('* No room is open.')
    a.types('/create tea')
    await a.sees('— #tea —')
    a.types('/create plans bob')
    await a.sees('— #plans —')
    a.types('/who')
    await a.sees(/^ {2}bob/)
    const b = set.sits(bob)
    await b.sees(/^ {2}#plans/)
    b.types('/browse', '/join tea', 'any tea?')
    await b.sees('any tea?')
    a.types('/leave')
    await a.sees('you are no longer in #plans')
    a.types('/join nowhere')
    await a.sees('! There is no such thing')
    a.types('/dance')
    await a.sees('There is no /dance.')
    a.types('/help')
    await a.sees(/^ {2}\/reply <number> <text>/)
  })

  test('what is unread elsewhere is told and counted', async () => {
    await using set = stage()
    const a = set.sits(alice)
    await a.sees('signed in')
    set.peer.world.say(set.hall, set.bob, 'one')
    await a.sees('* 1 unread in #hall')
    set.peer.world.say(set.hall, set.bob, 'two')
    a.types('/rooms')
    await a.sees(/^ {2}#hall {2}2 unread$/)
    a.types('/join hall')
    await a.sees('two')
    await eventually(() => set.hall.members.get(set.alice.id)?.read === 2)
    const before = a.lines().length
    a.types('/rooms')
    await eventually(() => a.lines().slice(before).includes('  #hall'))
  })

  test('two people talk alone, and see whether the other is there and has read', async () => {
    await using set = stage()
    const a = set.sits(alice)
    await a.sees('signed in')
    a.types('/dm bob')
    await a.sees('— @bob —')
    await a.sees('* bob is offline')
    a.types('psst')
    const b = set.sits(bob)
    await b.sees(/^ {2}@alice {2}1 unread/)
    b.types('/join @alice')
    await b.sees('#1 alice: psst')
    await a.sees('* bob has read up to #1')
    a.types('/dm nobody')
    await a.sees('! There is no such thing')
  })

  test('being added to a room and losing the one shown are told', async () => {
    await using set = stage()
    const a = set.sits({ ...alice, room: 'hall' })
    await a.sees('— #hall —')
    set.peer.world.join(set.peer.world.addHall(set.bob, 'group', { title: 'Plans' }), set.alice)
    await a.sees('* you are in #Plans now')
    set.peer.world.leave(set.hall, set.alice)
    await a.sees('* you are no longer in #hall')
    a.types('anybody?')
    await a.sees('* No room is open.')
  })
})

describe('when the connection goes', () => {
  test('what is typed waits, is shown as pending, and arrives in its order', async () => {
    await using set = stage()
    const a = set.sits({ ...alice, room: 'hall' })
    await a.sees('— #hall —')
    await set.peer.stop()
    await a.sees('! connection lost, trying again')
    a.types('one', 'two', '/who')
    await a.sees('(pending) two')
    await a.sees('* Not connected now.')
    set.peer.restart()
    await a.sees('* connected again')
    expect(await a.sees(/#2 alice/)).toMatch(/: two$/)
    expect(set.hall.messages.map(({ content }) => content)).toEqual(['one', 'two'])
    expect(a.lines().filter((line) => line.endsWith(': one')).length).toBe(1)
  })

  test('what was missed is printed in its place', async () => {
    await using set = stage()
    const a = set.sits({ ...alice, room: 'hall' })
    await a.sees('— #hall —')
    set.peer.deaf = true
    set.peer.cut()
    await a.sees('! connection lost, trying again')
    for (const text of ['one', 'two', 'three']) set.peer.world.say(set.hall, set.bob, text)
    set.peer.deaf = false
    await a.sees('three')
    expect(
      a
        .lines()
        .filter((line) => line.includes('bob:'))
        .map((line) => line.split(' ').slice(1).join(' ')),
    ).toEqual(['#1 bob: one', '#2 bob: two', '#3 bob: three'])
  })

  test('a verdict of the server ends the session with an error', async () => {
    await using set = stage()
    const a = set.sits({ ...alice, room: 'hall' })
    await a.sees('— #hall —')
    set.peer.close(4403)
    expect(await a.exit).toBe(1)
    await a.sees('! the server ended the connection (4403)')
  })
})

describe('at the end', () => {
  test('what was typed has arrived before the program ends', async () => {
    await using set = stage()
    const a = set.sits({ ...alice, room: 'hall' })
    const lines = Array.from({ length: 30 }, (_, index) => `line ${index}`)
    a.types(...lines)
    expect(await a.leaves()).toBe(0)
    expect(set.hall.messages.map(({ content }) => content)).toEqual(lines)
  })

  test('a line that is no message is refused before it is sent', async () => {
    await using set = stage()
    const a = set.sits({ ...alice, room: 'hall' })
    a.types('x'.repeat(100_000), '/quit')
    expect(await a.exit).toBe(0)
    await a.sees('* 32768 characters are too many')
    expect(set.hall.messages).toEqual([])
  })
})
