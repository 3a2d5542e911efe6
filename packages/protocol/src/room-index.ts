import { operation } from './define.ts'
import { limits } from './limits.ts'
import { Room } from './room-shapes.ts'
import { Closed, Page, pageInput, Type } from './schema.ts'

/** The rooms that are listed to everybody, for those who are not signed in, too. */
export const roomIndex = {
  'rooms.index': operation({
    summary: 'Public rooms by name, for everybody',
    description:
      'Ordered by name, byte by byte. Signed out, the rooms listed to anyone; signed in at an older API, those listed to users, too.',
    auth: 'none',
    rate: 'read',
    method: 'GET',
    path: '/room-index',
    status: 200,
    in: Closed({
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limits.index_max, default: limits.page_default })),
      cursor: pageInput.cursor,
    }),
    out: Page(Room),
    errors: ['invalid_cursor'],
  }),
}
