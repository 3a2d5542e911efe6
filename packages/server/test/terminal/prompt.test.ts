import { describe, expect, test } from 'bun:test'
import { PassThrough } from 'node:stream'
import { clean, cleanLines } from '../../src/terminal/clean.ts'
import { Prompt } from '../../src/terminal/prompt.ts'
import { eventually } from '../harness/eventually.ts'

function terminal(columns = 40) {
  const input = Object.assign(new PassThrough(), { isTTY: true })
  let printed = ''
  const output = { write: (text: string) => void (printed += text), isTTY: true, columns }
  return {
    input,
    prompt: new Prompt(input, output, (line) => line.startsWith('say ')),
    printed: () => printed,
    clear: () => void (printed = ''),
  }
}

function pipe(...chunks: (string | Uint8Array)[]): Prompt {
  const input = new PassThrough()
  for (const chunk of chunks) input.write(chunk)
  input.end()
  return new Prompt(input, { write: () => undefined })
}

const all = async (prompt: Prompt) => {
  const lines: string[] = []
  for (let line = await prompt.line(); line !== null; line = await prompt.line()) lines.push(line)
  return lines
}

describe('on a terminal', () => {
  test('a password is not shown while it is typed', async () => {
    const { input, prompt, printed } = terminal()
    const name = prompt.ask('user name: ')
    input.write('alice\r')
    expect(await name).toBe('alice')
    const word = prompt.ask('password: ', { hidden: true })
    input.write('secret\r')
    expect(await word).toBe('secret')
    expect(printed()).toContain('alice')
    expect(printed()).toContain('password: ')
    expect(printed()).not.toContain('secret')
    const next = prompt.line()
    input.write('shown\r')
    expect(await next).toBe('shown')
    expect(printed()).toContain('shown')
    prompt.close()
  })

  test('what is printed stands above the line being typed, which stays', async () => {
    const { input, prompt, printed, clear } = terminal()
    prompt.label('#general> ')
    const line = prompt.line()
    input.write('half a sen')
    await eventually(() => printed().endsWith('half a sen'))
    clear()
    prompt.print('12:00 #1 bob: hello')
    expect(printed().startsWith('\r\x1b[J12:00 #1 bob: hello\n')).toBe(true)
    expect(printed()).toContain('#general> half a sen')
    input.write('tence\r')
    expect(await line).toBe('half a sentence')
    prompt.close()
  })

  test('a terminal that does not know its width has that of most', async () => {
    const { input, prompt, printed } = terminal(0)
    const line = prompt.line()
    input.write(`say ${'x'.repeat(90)}\r`)
    await line
    expect(printed()).toContain('\x1b[2A\r\x1b[J')
    expect(printed()).not.toContain('Infinity')
    prompt.close()
  })

  test('a line over several rows is cleared from its first row', async () => {
    const { input, prompt, printed, clear } = terminal()
    prompt.label('> ')
    input.write('x'.repeat(90))
    await eventually(() => printed().includes('xxx'))
    clear()
    prompt.print('news')
    expect(printed().startsWith('\x1b[2A\r\x1b[Jnews\n')).toBe(true)
    prompt.close()
  })

  test('a line that will be printed anyway makes room for it, an answer does not', async () => {
    const { input, prompt, printed, clear } = terminal()
    const answer = prompt.ask('who? ')
    input.write('say nothing\r')
    await answer
    expect(printed()).not.toContain('A\r\x1b[J')
    prompt.label('> ')
    clear()
    const line = prompt.line()
    input.write(`say ${'x'.repeat(50)}\r`)
    await line
    expect(printed()).toContain('\x1b[2A\r\x1b[J')
    clear()
    const other = prompt.line()
    input.write('/help\r')
    await other
    expect(printed()).not.toContain('A\r\x1b[J')
    prompt.close()
  })

  test('typing is told, but not while a password is typed', async () => {
    const { input, prompt } = terminal()
    const seen: string[] = []
    prompt.onTyping((text) => void seen.push(text))
    const word = prompt.ask('password: ', { hidden: true })
    input.write('ab\r')
    await word
    const line = prompt.line()
    input.write('hi')
    await eventually(() => seen.length === 2)
    input.write('\r')
    expect(await line).toBe('hi')
    expect(seen.slice(0, 2)).toEqual(['h', 'hi'])
    prompt.close()
  })

  test('Ctrl-C ends the input', async () => {
    const { input, prompt } = terminal()
    const line = prompt.line()
    input.write('\x03')
    expect(await line).toBeNull()
    expect(await prompt.line()).toBeNull()
  })
})

describe('on a pipe', () => {
  test('lines end with or without a carriage return, and the last may lack its end', async () => {
    expect(await all(pipe('one\r\ntw', 'o\n\nlast'))).toEqual(['one', 'two', '', 'last'])
  })

  test('a character cut in two arrives whole', async () => {
    const bytes = new TextEncoder().encode('grüße\n')
    expect(await all(pipe(bytes.slice(0, 3), bytes.slice(3)))).toEqual(['grüße'])
  })

  test('a line without an end fills no memory', async () => {
    const lines = await all(pipe(...Array.from({ length: 100 }, () => 'x'.repeat(10_000)), '\nnext\n'))
    expect(lines.map(({ length }) => length)).toEqual([32_768, 4])
  })
})

test('text of others is shown, never obeyed', () => {
  expect(clean('a\x1b[2Jb\x07\x9b1mc\x00d\u202ee\u2066f')).toBe('a[2Jb1mcdef')
  expect(clean('tab\there\r\nthere')).toBe('tab here there')
  expect(clean('👩‍👩‍👧 ünï 漢字')).toBe('👩‍👩‍👧 ünï 漢字')
  expect(cleanLines('one\r\ntwo\u2028three\rfour')).toBe('one\n    two\n    three\n    four')
})
