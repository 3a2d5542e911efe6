import { rowsOf } from '../table.ts'

/** `user` is `member` in the rooms of the roles; elsewhere somebody of there. There is nothing to lift, which only those who may are told. */
export const sanctionRows = rowsOf({
  calls: {
    'bans.set': { input: ({ room, user }) => ({ room, user }) },
    'bans.lift': { input: ({ room, user }) => ({ room, user }) },
    'bans.list': { input: ({ room }) => ({ room }) },
    'mutes.set': { input: ({ room, user }) => ({ room, user }) },
    'mutes.lift': { input: ({ room, user }) => ({ room, user }) },
    'mutes.list': { input: ({ room }) => ({ room }) },
  },
  outcomes: `
operation   place    owner      admin      member     former     stranger   banned     operator   suspended  anonymous
bans.set    group    ok         ok         forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated
bans.set    public   ok         ok         forbidden  forbidden  forbidden  banned     forbidden  suspended  unauthenticated
bans.set    astray   ok         ok         forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated
bans.set    foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
bans.set    direct   not_found  not_found  forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated

bans.lift   group    not_found  not_found  forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated
bans.lift   public   not_found  not_found  forbidden  forbidden  forbidden  banned     forbidden  suspended  unauthenticated
bans.lift   astray   not_found  not_found  forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated
bans.lift   foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated

bans.list   group    ok         ok         forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated
bans.list   public   ok         ok         forbidden  forbidden  forbidden  banned     forbidden  suspended  unauthenticated
bans.list   foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated

mutes.set   group    ok         ok         forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated
mutes.set   public   ok         ok         forbidden  forbidden  forbidden  banned     forbidden  suspended  unauthenticated
mutes.set   astray   ok         ok         forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated
mutes.set   foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
mutes.set   direct   not_found  not_found  forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated

mutes.lift  group    not_found  not_found  forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated
mutes.lift  public   not_found  not_found  forbidden  forbidden  forbidden  banned     forbidden  suspended  unauthenticated
mutes.lift  astray   not_found  not_found  forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated
mutes.lift  foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated

mutes.list  group    ok         ok         forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated
mutes.list  public   ok         ok         forbidden  forbidden  forbidden  banned     forbidden  suspended  unauthenticated
mutes.list  foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
`,
})
