import { accounts } from './accounts.ts'
import type { EventSpec, Input, Operation, Output } from './define.ts'
import { expiry, expiryEphemera } from './expiry.ts'
import { invites } from './invites.ts'
import { durableEvents, logs } from './logs.ts'
import { members } from './members.ts'
import { messages } from './messages.ts'
import { pins } from './pins.ts'
import { presence, presenceEphemera } from './presence.ts'
import { recovery } from './recovery.ts'
import { reactions } from './reactions.ts'
import { roomIndex } from './room-index.ts'
import { requests } from './requests.ts'
import { roomEphemera, rooms } from './rooms.ts'
import { sanctions } from './sanctions.ts'
import { sessions } from './sessions.ts'
import { userEvents, users } from './users.ts'

/** Everything that can be asked, by name. */
export const operations = {
  ...accounts,
  ...recovery,
  ...sessions,
  ...users,
  ...rooms,
  ...roomIndex,
  ...members,
  ...invites,
  ...sanctions,
  ...requests,
  ...messages,
  ...reactions,
  ...pins,
  ...expiry,
  ...logs,
  ...presence,
} as const
export type OperationName = keyof typeof operations
export type InputOf<N extends OperationName> = Input<(typeof operations)[N]>
export type OutputOf<N extends OperationName> = Output<(typeof operations)[N]>

/** Everything that can happen, by name. */
export const events = { ...durableEvents, ...userEvents, ...roomEphemera, ...expiryEphemera, ...presenceEphemera } as const
export type EventName = keyof typeof events

/** The specification of an operation by a name from outside, if there is one. */
export const findOperation = (name: string): Operation | undefined =>
  Object.hasOwn(operations, name) ? (operations[name as OperationName] as Operation) : undefined

/** The specifications as plain lists, for documents and routers. */
export const operationList = (): [OperationName, Operation][] => Object.entries(operations) as [OperationName, Operation][]
export const eventList = (): [EventName, EventSpec][] => Object.entries(events) as [EventName, EventSpec][]
