import { password } from './accounts.ts'
import { operation } from './define.ts'
import { Closed, Text, Type } from './schema.ts'

export const recovery = {
  'recovery.request': operation({
    summary: 'Ask for a link to set a new password',
    description:
      'The link is mailed to the address that the account owns, where the server can send mail; it is good once, for an hour. The answer is the same, after the same time, whether or not there is such an account.',
    auth: 'none',
    rate: 'auth',
    method: 'POST',
    path: '/auth/recovery',
    status: 204,
    in: Closed({ username: Text(254, { min: 1, description: 'A username, or the address the account owns.' }) }),
    out: Type.Null(),
    errors: [],
  }),
  'recovery.redeem': operation({
    summary: 'Set a new password by a link',
    description: 'Every session of the account ends, and every other link.',
    auth: 'none',
    rate: 'auth',
    method: 'POST',
    path: '/auth/recovery/redeem',
    status: 204,
    in: Closed({ token: Text(100, { min: 1, description: 'What stands behind the `#` of the link.' }), password }),
    out: Type.Null(),
    errors: ['invalid_input', 'invalid_link'],
  }),
}
