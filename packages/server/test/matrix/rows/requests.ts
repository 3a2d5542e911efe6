import { rowsOf } from '../table.ts'

/** None of the rooms takes requests, but `asked`, where somebody asks: a group that tells everybody who names it that it does. */
export const requestRows = rowsOf({
  calls: {
    'requests.create': { input: ({ room }) => ({ room }) },
    'requests.withdraw': { input: ({ room }) => ({ room }) },
    'requests.list': { input: ({ room }) => ({ room }) },
    'requests.mine': { input: () => ({}) },
    'requests.accept': { input: ({ room, user }) => ({ room, user }) },
    'requests.decline': { input: ({ room, user }) => ({ room, user }) },
  },
  outcomes: `
operation          place    owner      admin      member     former     stranger   banned     operator   suspended  anonymous
requests.create    asked    forbidden  forbidden  forbidden  ok         ok         banned     ok         suspended  unauthenticated
requests.create    group    forbidden  forbidden  forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated
requests.create    public   forbidden  forbidden  forbidden  forbidden  forbidden  banned     forbidden  suspended  unauthenticated
requests.create    foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
requests.create    direct   not_found  not_found  forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated

requests.withdraw  asked    not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
requests.withdraw  group    not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
requests.withdraw  public   not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
requests.withdraw  foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated

requests.list      asked    ok         ok         forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated
requests.list      group    ok         ok         forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated
requests.list      public   ok         ok         forbidden  forbidden  forbidden  banned     forbidden  suspended  unauthenticated
requests.list      foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated

requests.mine      group    ok         ok         ok         ok         ok         ok         ok         suspended  unauthenticated

requests.accept    asked    ok         ok         forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated
requests.accept    group    ok         ok         forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated
requests.accept    public   ok         ok         forbidden  forbidden  forbidden  banned     forbidden  suspended  unauthenticated
requests.accept    astray   not_found  not_found  forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated
requests.accept    foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated

requests.decline   asked    ok         ok         forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated
requests.decline   group    not_found  not_found  forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated
requests.decline   public   not_found  not_found  forbidden  forbidden  forbidden  banned     forbidden  suspended  unauthenticated
requests.decline   astray   not_found  not_found  forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated
requests.decline   foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
`,
})
