import { password } from '../../harness/world.ts'
import { rowsOf } from '../table.ts'

/** What is one's own has no place; these lines say `foreign` where an id of somebody else is named. */
export const accountRows = rowsOf({
  calls: {
    'accounts.register': { input: () => ({ username: `new_${crypto.randomUUID().slice(0, 8)}`, password }) },
    'accounts.login': { input: ({ me }) => ({ username: me.username, password }) },
    'accounts.refresh': { input: ({ me }) => ({ refresh_token: me.refresh }), spends: 'login' },
    'accounts.logout': { input: () => ({}), spends: 'login' },
    'accounts.logout_all': { input: () => ({}), spends: 'login' },
    'accounts.password': { input: () => ({ current: password, password }), spends: 'login' },
    'accounts.delete': { input: () => ({ password: 'not mine', messages: 'keep' }) },
    'accounts.me': { input: () => ({}) },
    'accounts.update': { input: () => ({ first_name: 'Changed' }) },
    'sessions.list': { input: () => ({}) },
    'sessions.end': { input: ({ session }) => ({ session }), spends: 'login' },
    'users.get': { input: ({ user }) => ({ user }), known: true },
    'users.search': { input: () => ({ query: 'owner' }) },
    'users.list': { input: () => ({}) },
    'users.set_password': { input: ({ user }) => ({ user, password }), known: true },
    'users.reset_link': { input: ({ user }) => ({ user }), known: true },
    'users.delete': { input: ({ user }) => ({ user, messages: 'keep' }), known: true, spends: 'account' },
    'users.suspend': { input: ({ user }) => ({ user }), known: true, spends: 'account' },
    'users.restore': { input: ({ user }) => ({ user }), known: true },
    'recovery.request': { input: ({ me }) => ({ username: me.username }) },
    'recovery.redeem': { input: () => ({ token: 'guessed', password }) },
    'presence.get': { input: ({ user }) => ({ users: [user] }) },
    'me.events': { input: () => ({ after: 0 }) },
  },
  outcomes: `
operation            place    owner      admin      member     former     stranger   banned     operator   suspended  anonymous
accounts.register    group    ok         ok         ok         ok         ok         ok         ok         ok         ok
accounts.login       group    ok         ok         ok         ok         ok         ok         ok         suspended  invalid_credentials
accounts.refresh     group    ok         ok         ok         ok         ok         ok         ok         suspended  invalid_refresh
accounts.logout      group    ok         ok         ok         ok         ok         ok         ok         suspended  unauthenticated
accounts.logout_all  group    ok         ok         ok         ok         ok         ok         ok         suspended  unauthenticated
accounts.password    group    ok         ok         ok         ok         ok         ok         ok         suspended  unauthenticated
accounts.delete      group    wrong_password  wrong_password  wrong_password  wrong_password  wrong_password  wrong_password  wrong_password  suspended  unauthenticated
accounts.me          group    ok         ok         ok         ok         ok         ok         ok         suspended  unauthenticated
accounts.update      group    ok         ok         ok         ok         ok         ok         ok         suspended  unauthenticated
sessions.list        group    ok         ok         ok         ok         ok         ok         ok         suspended  unauthenticated
sessions.end         foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
users.get            group    ok         ok         ok         ok         ok         ok         ok         suspended  unauthenticated
users.get            foreign  ok         ok         ok         ok         ok         ok         ok         suspended  unauthenticated
users.search         group    ok         ok         ok         ok         ok         ok         ok         suspended  unauthenticated
users.list           group    forbidden  forbidden  forbidden  forbidden  forbidden  forbidden  ok         suspended  unauthenticated
users.set_password   foreign  forbidden  forbidden  forbidden  forbidden  forbidden  forbidden  ok         suspended  unauthenticated
users.reset_link     foreign  forbidden  forbidden  forbidden  forbidden  forbidden  forbidden  ok         suspended  unauthenticated
users.delete         foreign  forbidden  forbidden  forbidden  forbidden  forbidden  forbidden  ok         suspended  unauthenticated
users.suspend        foreign  forbidden  forbidden  forbidden  forbidden  forbidden  forbidden  ok         suspended  unauthenticated
users.restore        foreign  forbidden  forbidden  forbidden  forbidden  forbidden  forbidden  ok         suspended  unauthenticated
recovery.request     group    ok         ok         ok         ok         ok         ok         ok         ok         ok
recovery.redeem      group    invalid_link  invalid_link  invalid_link  invalid_link  invalid_link  invalid_link  invalid_link  invalid_link  invalid_link
presence.get         group    ok         ok         ok         ok         ok         ok         ok         suspended  unauthenticated
presence.get         foreign  ok         ok         ok         ok         ok         ok         ok         suspended  unauthenticated
me.events            group    ok         ok         ok         ok         ok         ok         ok         suspended  unauthenticated
`,
})
