import { describe } from 'bun:test'
import { backends } from '../contract/store/backends.ts'
import { sendContract } from '../contract/store/sends.ts'

for (const backend of await backends()) {
  describe(`a store on ${backend.name}`, () => {
    sendContract(backend)
  })
}
