import { rowsOf } from '../table.ts'

/** The invitation of a place was made by the owner of its room; its code is the right of whoever has it, wherever they stand. */
export const inviteRows = rowsOf({
  calls: {
    'invites.create': { input: ({ room }) => ({ room }) },
    'invites.list': { input: ({ room }) => ({ room }) },
    'invites.revoke': { input: ({ invite }) => ({ invite }) },
    'invites.preview': { input: ({ code }) => ({ code }) },
    'invites.redeem': { input: ({ code }) => ({ code }) },
  },
  outcomes: `
operation        place    owner      admin      member     former     stranger   banned     operator   suspended  anonymous
invites.create   group    ok         ok         forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated
invites.create   public   ok         ok         forbidden  forbidden  forbidden  banned     forbidden  suspended  unauthenticated
invites.create   foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
invites.create   direct   not_found  not_found  forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated

invites.list     group    ok         ok         ok         not_found  not_found  not_found  not_found  suspended  unauthenticated
invites.list     public   ok         ok         ok         forbidden  forbidden  banned     forbidden  suspended  unauthenticated
invites.list     foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated

invites.revoke   group    ok         ok         not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
invites.revoke   public   ok         ok         not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
invites.revoke   foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated

invites.preview  group    ok         ok         ok         ok         ok         ok         ok         ok         ok
invites.preview  foreign  ok         ok         ok         ok         ok         ok         ok         ok         ok

invites.redeem   group    ok         ok         ok         ok         ok         banned     ok         suspended  unauthenticated
invites.redeem   public   ok         ok         ok         ok         ok         banned     ok         suspended  unauthenticated
invites.redeem   foreign  ok         ok         ok         ok         ok         ok         ok         suspended  unauthenticated
`,
})
