import { rowsOf } from '../table.ts'

/** `message` was sent by `member` in the rooms of the roles; elsewhere by somebody of there. */
export const messageRows = rowsOf({
  calls: {
    'messages.send': { input: ({ room }) => ({ room, content: 'said' }) },
    'messages.list': { input: ({ room }) => ({ room }) },
    'messages.get': { input: ({ room, message }) => ({ room, message }) },
    'messages.edit': { input: ({ room, message }) => ({ room, message, content: 'edited' }) },
    'messages.delete': { input: ({ room, message }) => ({ room, message }) },
  },
  outcomes: `
operation        place    owner      admin      member     former     stranger   banned     operator   suspended  anonymous
messages.send    group    ok         ok         ok         not_found  not_found  not_found  not_found  suspended  unauthenticated
messages.send    public   ok         ok         ok         ok         ok         ok         ok         suspended  unauthenticated
messages.send    foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
messages.send    direct   not_found  not_found  ok         not_found  not_found  not_found  not_found  suspended  unauthenticated

messages.list    group    ok         ok         ok         not_found  not_found  not_found  not_found  suspended  unauthenticated
messages.list    public   ok         ok         ok         ok         ok         ok         ok         suspended  unauthenticated
messages.list    foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated

messages.get     group    ok         ok         ok         not_found  not_found  not_found  not_found  suspended  unauthenticated
messages.get     public   ok         ok         ok         ok         ok         ok         ok         suspended  unauthenticated
messages.get     astray   not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
messages.get     foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated

messages.edit    group    forbidden  forbidden  ok         not_found  not_found  not_found  not_found  suspended  unauthenticated
messages.edit    public   forbidden  forbidden  ok         forbidden  forbidden  forbidden  forbidden  suspended  unauthenticated
messages.edit    astray   not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
messages.edit    foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated

messages.delete  group    ok         ok         ok         not_found  not_found  not_found  not_found  suspended  unauthenticated
messages.delete  public   ok         ok         ok         forbidden  forbidden  forbidden  forbidden  suspended  unauthenticated
messages.delete  astray   not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
messages.delete  foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
`,
})
