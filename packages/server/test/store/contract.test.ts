import { describe } from 'bun:test'
import { accountContract } from '../contract/store/accounts.ts'
import { admissionContract } from '../contract/store/admissions.ts'
import { backends } from '../contract/store/backends.ts'
import { expiryContract } from '../contract/store/expiry.ts'
import { deletionContract } from '../contract/store/deletions.ts'
import { historyContract } from '../contract/store/histories.ts'
import { inviteContract } from '../contract/store/invites.ts'
import { markerContract } from '../contract/store/markers.ts'
import { memberContract } from '../contract/store/members.ts'
import { messageContract } from '../contract/store/messages.ts'
import { passwordContract } from '../contract/store/passwords.ts'
import { queueContract } from '../contract/store/queueing.ts'
import { requestContract } from '../contract/store/requests.ts'
import { renewalContract } from '../contract/store/renewals.ts'
import { roomChangeContract } from '../contract/store/room-changes.ts'
import { reactionContract } from '../contract/store/reactions.ts'
import { roomContract } from '../contract/store/rooms.ts'
import { sanctionContract } from '../contract/store/sanctions.ts'
import { sendContract } from '../contract/store/sends.ts'
import { sweepContract } from '../contract/store/sweeping.ts'
import { threadContract } from '../contract/store/threads.ts'

for (const backend of await backends()) {
  describe(`a store on ${backend.name}`, () => {
    accountContract(backend)
    admissionContract(backend)
    renewalContract(backend)
    passwordContract(backend)
    inviteContract(backend)
    deletionContract(backend)
    roomContract(backend)
    roomChangeContract(backend)
    memberContract(backend)
    sanctionContract(backend)
    requestContract(backend)
    sendContract(backend)
    queueContract(backend)
    markerContract(backend)
    messageContract(backend)
    historyContract(backend)
    reactionContract(backend)
    expiryContract(backend)
    threadContract(backend)
    sweepContract(backend)
  })
}
