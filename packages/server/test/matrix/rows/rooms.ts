import { rowsOf } from '../table.ts'

export const roomRows = rowsOf({
  calls: {
    'rooms.create': { input: () => ({ kind: 'group', title: 'mine' }) },
    'rooms.direct': { input: ({ user }) => ({ user }), known: true },
    'rooms.list': { input: () => ({}) },
    'rooms.browse': { input: () => ({}) },
    'rooms.index': { input: () => ({}) },
    'rooms.get': { input: ({ room }) => ({ room }) },
    'rooms.update': { input: ({ room }) => ({ room, title: 'changed' }) },
    'rooms.archive': { input: ({ room }) => ({ room }) },
    'rooms.unarchive': { input: ({ room }) => ({ room }) },
    'rooms.delete': { input: ({ room }) => ({ room }) },
    'rooms.expiry': { input: ({ room }) => ({ room, ttl_s: 3600 }) },
    'rooms.join': { input: ({ room }) => ({ room }) },
    'rooms.leave': { input: ({ room }) => ({ room }) },
    'rooms.read': { input: ({ room }) => ({ room, n: 1 }) },
    'rooms.typing': { input: ({ room }) => ({ room }) },
    'rooms.events': { input: ({ room }) => ({ room, after: 0 }) },
    'presence.here': { input: ({ room }) => ({ room }) },
  },
  outcomes: `
operation      place    owner       admin      member     former     stranger   banned     operator   suspended  anonymous
rooms.create   group    ok          ok         ok         ok         ok         ok         ok         suspended  unauthenticated
rooms.direct   foreign  ok          ok         ok         ok         ok         ok         ok         suspended  unauthenticated
rooms.list     group    ok          ok         ok         ok         ok         ok         ok         suspended  unauthenticated
rooms.browse   public   ok          ok         ok         ok         ok         ok         ok         suspended  unauthenticated
rooms.index    public   ok          ok         ok         ok         ok         ok         ok         ok         ok

rooms.get      group    ok          ok         ok         not_found  not_found  not_found  not_found  suspended  unauthenticated
rooms.get      public   ok          ok         ok         ok         ok         banned     ok         suspended  unauthenticated
rooms.get      foreign  not_found   not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
rooms.get      direct   not_found   not_found  ok         not_found  not_found  not_found  not_found  suspended  unauthenticated

rooms.update   group    ok          ok         forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated
rooms.update   public   ok          ok         forbidden  forbidden  forbidden  banned     forbidden  suspended  unauthenticated
rooms.update   foreign  not_found   not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
rooms.update   direct   not_found   not_found  forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated

rooms.archive   group    ok          ok         forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated
rooms.archive   public   ok          ok         forbidden  forbidden  forbidden  banned     forbidden  suspended  unauthenticated
rooms.archive   foreign  not_found   not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
rooms.archive   direct   not_found   not_found  forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated

rooms.unarchive group    ok          ok         forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated
rooms.unarchive public   ok          ok         forbidden  forbidden  forbidden  banned     forbidden  suspended  unauthenticated
rooms.unarchive foreign  not_found   not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated

rooms.delete   group    ok          forbidden  forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated
rooms.delete   public   ok          forbidden  forbidden  forbidden  forbidden  banned     forbidden  suspended  unauthenticated
rooms.delete   foreign  not_found   not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
rooms.delete   direct   not_found   not_found  forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated

rooms.expiry   group    ok          ok         forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated
rooms.expiry   public   ok          ok         forbidden  forbidden  forbidden  banned     forbidden  suspended  unauthenticated
rooms.expiry   foreign  not_found   not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
rooms.expiry   direct   not_found   not_found  ok         not_found  not_found  not_found  not_found  suspended  unauthenticated

rooms.join     group    ok          ok         ok         not_found  not_found  not_found  not_found  suspended  unauthenticated
rooms.join     public   ok          ok         ok         ok         ok         banned     ok         suspended  unauthenticated
rooms.join     foreign  not_found   not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated

rooms.leave    group    last_owner  ok         ok         not_found  not_found  not_found  not_found  suspended  unauthenticated
rooms.leave    public   last_owner  ok         ok         not_found  not_found  banned     not_found  suspended  unauthenticated
rooms.leave    foreign  not_found   not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
rooms.leave    direct   not_found   not_found  forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated

rooms.read     group    ok          ok         ok         not_found  not_found  not_found  not_found  suspended  unauthenticated
rooms.read     public   ok          ok         ok         forbidden  forbidden  banned     forbidden  suspended  unauthenticated
rooms.read     foreign  not_found   not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated

rooms.typing   group    ok          ok         ok         not_found  not_found  not_found  not_found  suspended  unauthenticated
rooms.typing   public   ok          ok         ok         ok         ok         banned     ok         suspended  unauthenticated
rooms.typing   foreign  not_found   not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated

rooms.events   group    ok          ok         ok         not_found  not_found  not_found  not_found  suspended  unauthenticated
rooms.events   public   ok          ok         ok         ok         ok         banned     ok         suspended  unauthenticated
rooms.events   foreign  not_found   not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated

presence.here  group    ok          ok         ok         not_found  not_found  not_found  not_found  suspended  unauthenticated
presence.here  public   ok          ok         ok         ok         ok         banned     ok         suspended  unauthenticated
presence.here  foreign  not_found   not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
`,
})
