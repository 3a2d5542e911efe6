/**
 * What the pages behind links do. The secret of a link stands behind its `#`: it is read here and goes nowhere but into the body of a request
 * to this server, and out of the address, so that neither the history nor another page has it. No token is kept: whoever signs in here
 * joins and is signed out again.
 */
export const linkScript = `'use strict'
const secret = location.hash.slice(1)
history.replaceState(null, '', location.pathname)

const form = document.querySelector('form')
const said = document.querySelector('output')
const field = (name) => form.elements.namedItem(name)
const say = (text) => { said.textContent = text }

async function ask(path, body, token) {
  const headers = { 'Content-Type': 'application/json', ...(token && { Authorization: 'Bearer ' + token }) }
  const response = await fetch('/api/v1' + path, { method: 'POST', headers, body: JSON.stringify(body) })
  if (response.status === 204) return null
  const answer = await response.json()
  if (response.ok) return answer
  const faults = (answer.errors ?? []).map(({ path, message }) => path.slice(1) + ': ' + message)
  throw Object.assign(new Error([answer.detail, ...faults].join(' ')), { code: answer.code })
}

const done = (text) => {
  form.hidden = true
  say(text)
}

const actions = {
  async reset() {
    if (field('password').value !== field('again').value) return say('The two passwords differ.')
    await ask('/auth/recovery/redeem', { token: secret, password: field('password').value })
    done('Your new password is set, and everything that was signed in is signed out. Sign in with it now.')
  },
  async invite() {
    const person = { username: field('username').value, password: field('password').value }
    const isNew = field('account').value === 'new'
    const { access_token } = await ask(isNew ? '/auth/register' : '/auth/login', isNew ? { ...person, invite: secret } : person)
    try {
      if (!isNew) await ask('/join', { code: secret }, access_token)
    } finally {
      await ask('/auth/logout', {}, access_token)
    }
    done('Welcome, ' + person.username + '. Sign in to your chat: everything is there.')
  },
}

async function preview() {
  const { room, by } = await ask('/join/preview', { code: secret })
  const who = by === null ? 'You are invited' : by.username + ' invites you'
  const name = room && (room.title ?? room.name ?? 'a group')
  const size = room && (room.members === 1 ? '1 member' : room.members + ' members')
  say(room === null ? who + ' to register here.' : who + ' to ' + name + ' (' + size + ').')
  if (room !== null) return
  field('account').value = 'new'
  document.getElementById('which').hidden = true
}

async function attempt(action) {
  const button = form.querySelector('button')
  button.disabled = true
  try {
    await action()
  } catch (error) {
    say(error.code === 'invalid_link' ? 'This link is not good any more: it was used, is over, or was taken back.' : error.message)
    if (error.code === 'invalid_link') form.hidden = true
  } finally {
    button.disabled = false
  }
}

form.addEventListener('submit', (event) => {
  event.preventDefault()
  return attempt(actions[form.dataset.action])
})
if (form.dataset.action === 'invite') attempt(preview)
`
