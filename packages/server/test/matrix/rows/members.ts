import { rowsOf } from '../table.ts'

/** `user` is `member` in the rooms of the roles; elsewhere somebody of there. */
export const memberRows = rowsOf({
  calls: {
    'members.list': { input: ({ room }) => ({ room }) },
    'members.add': { input: ({ room, user }) => ({ room, user }) },
    'members.update': { input: ({ room, user }) => ({ room, user, role: 'admin' }) },
    'members.transfer': { input: ({ room, user }) => ({ room, user }) },
    'members.remove': { input: ({ room, user }) => ({ room, user }) },
  },
  outcomes: `
operation        place    owner      admin      member     former     stranger   banned     operator   suspended  anonymous
members.list     group    ok         ok         ok         not_found  not_found  not_found  not_found  suspended  unauthenticated
members.list     public   ok         ok         ok         ok         ok         banned     ok         suspended  unauthenticated
members.list     foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated

members.add      group    ok         ok         forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated
members.add      public   ok         ok         forbidden  forbidden  forbidden  banned     forbidden  suspended  unauthenticated
members.add      astray   ok         ok         forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated
members.add      foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
members.add      direct   not_found  not_found  forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated

members.update   group    ok         forbidden  forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated
members.update   public   ok         forbidden  forbidden  forbidden  forbidden  banned     forbidden  suspended  unauthenticated
members.update   astray   not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
members.update   foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated

members.transfer group    ok         forbidden  forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated
members.transfer public   ok         forbidden  forbidden  forbidden  forbidden  banned     forbidden  suspended  unauthenticated
members.transfer astray   not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
members.transfer foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated

members.remove   group    ok         ok         ok         not_found  not_found  not_found  not_found  suspended  unauthenticated
members.remove   public   ok         ok         ok         forbidden  forbidden  banned     forbidden  suspended  unauthenticated
members.remove   astray   not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
members.remove   foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
members.remove   direct   not_found  not_found  forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated
`,
})
