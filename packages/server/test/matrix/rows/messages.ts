import { rowsOf } from '../table.ts'

/** `message` was sent by `member` in the rooms of the roles; elsewhere by somebody of there. */
export const messageRows = rowsOf({
  calls: {
    'messages.send': { input: ({ room }) => ({ room, content: 'said' }) },
    'messages.list': { input: ({ room }) => ({ room }) },
    'messages.get': { input: ({ room, message }) => ({ room, message }) },
    'messages.edit': { input: ({ room, message }) => ({ room, message, content: 'edited' }) },
    'messages.delete': { input: ({ room, message }) => ({ room, message }) },
    'messages.forward': { input: ({ room, message }) => ({ room, message, to: room }) },
    'messages.thread': { input: ({ room, message }) => ({ room, message }) },
    'messages.read': { input: ({ room, message }) => ({ room, message }) },
    'messages.reads': { input: ({ room, message }) => ({ room, message }) },
    'reactions.add': { input: ({ room, message }) => ({ room, message, emoji: '👍' }) },
    'reactions.remove': { input: ({ room, message }) => ({ room, message, emoji: '👍' }) },
    'reactions.list': { input: ({ room, message }) => ({ room, message }) },
    'pins.add': { input: ({ room, message }) => ({ room, message }) },
    'pins.remove': { input: ({ room, message }) => ({ room, message }) },
    'pins.list': { input: ({ room }) => ({ room }) },
  },
  outcomes: `
operation        place    owner      admin      member     former     stranger   banned     operator   suspended  anonymous
messages.send    group    ok         ok         ok         not_found  not_found  not_found  not_found  suspended  unauthenticated
messages.send    public   ok         ok         ok         ok         ok         banned     ok         suspended  unauthenticated
messages.send    foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
messages.send    direct   not_found  not_found  ok         not_found  not_found  not_found  not_found  suspended  unauthenticated

messages.list    group    ok         ok         ok         not_found  not_found  not_found  not_found  suspended  unauthenticated
messages.list    public   ok         ok         ok         ok         ok         banned     ok         suspended  unauthenticated
messages.list    foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated

messages.get     group    ok         ok         ok         not_found  not_found  not_found  not_found  suspended  unauthenticated
messages.get     public   ok         ok         ok         ok         ok         banned     ok         suspended  unauthenticated
messages.get     astray   not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
messages.get     foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated

messages.edit    group    forbidden  forbidden  ok         not_found  not_found  not_found  not_found  suspended  unauthenticated
messages.edit    public   forbidden  forbidden  ok         forbidden  forbidden  banned     forbidden  suspended  unauthenticated
messages.edit    astray   not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
messages.edit    foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated

messages.delete  group    ok         ok         ok         not_found  not_found  not_found  not_found  suspended  unauthenticated
messages.delete  public   ok         ok         ok         forbidden  forbidden  banned     forbidden  suspended  unauthenticated
messages.delete  astray   not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
messages.delete  foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated

messages.forward group    ok         ok         ok         not_found  not_found  not_found  not_found  suspended  unauthenticated
messages.forward public   ok         ok         ok         ok         ok         banned     ok         suspended  unauthenticated
messages.forward astray   not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
messages.forward foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
messages.forward direct   not_found  not_found  ok         not_found  not_found  not_found  not_found  suspended  unauthenticated

messages.thread  group    ok         ok         ok         not_found  not_found  not_found  not_found  suspended  unauthenticated
messages.thread  public   ok         ok         ok         ok         ok         banned     ok         suspended  unauthenticated
messages.thread  astray   not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
messages.thread  foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated

messages.read    group    ok         ok         ok         not_found  not_found  not_found  not_found  suspended  unauthenticated
messages.read    public   ok         ok         ok         forbidden  forbidden  banned     forbidden  suspended  unauthenticated
messages.read    astray   not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
messages.read    foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated

messages.reads   group    ok         ok         ok         not_found  not_found  not_found  not_found  suspended  unauthenticated
messages.reads   public   ok         ok         ok         forbidden  forbidden  banned     forbidden  suspended  unauthenticated
messages.reads   astray   not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
messages.reads   foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated

reactions.add    group    ok         ok         ok         not_found  not_found  not_found  not_found  suspended  unauthenticated
reactions.add    public   ok         ok         ok         forbidden  forbidden  banned     forbidden  suspended  unauthenticated
reactions.add    astray   not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
reactions.add    foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
reactions.add    direct   not_found  not_found  ok         not_found  not_found  not_found  not_found  suspended  unauthenticated

reactions.remove group    ok         ok         ok         not_found  not_found  not_found  not_found  suspended  unauthenticated
reactions.remove public   ok         ok         ok         forbidden  forbidden  banned     forbidden  suspended  unauthenticated
reactions.remove astray   not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
reactions.remove foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated

reactions.list   group    ok         ok         ok         not_found  not_found  not_found  not_found  suspended  unauthenticated
reactions.list   public   ok         ok         ok         ok         ok         banned     ok         suspended  unauthenticated
reactions.list   astray   not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
reactions.list   foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated

pins.add         group    ok         ok         forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated
pins.add         public   ok         ok         forbidden  forbidden  forbidden  banned     forbidden  suspended  unauthenticated
pins.add         astray   not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
pins.add         foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
pins.add         direct   not_found  not_found  ok         not_found  not_found  not_found  not_found  suspended  unauthenticated

pins.remove      group    ok         ok         forbidden  not_found  not_found  not_found  not_found  suspended  unauthenticated
pins.remove      public   ok         ok         forbidden  forbidden  forbidden  banned     forbidden  suspended  unauthenticated
pins.remove      astray   not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
pins.remove      foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
pins.remove      direct   not_found  not_found  ok         not_found  not_found  not_found  not_found  suspended  unauthenticated

pins.list        group    ok         ok         ok         not_found  not_found  not_found  not_found  suspended  unauthenticated
pins.list        public   ok         ok         ok         ok         ok         banned     ok         suspended  unauthenticated
pins.list        foreign  not_found  not_found  not_found  not_found  not_found  not_found  not_found  suspended  unauthenticated
`,
})
