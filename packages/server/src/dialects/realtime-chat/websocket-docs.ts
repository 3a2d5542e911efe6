/** What `/chat/websocket-docs/` answers. */
export const websocketDocs = `# The WebSocket of this API

\`\`\`
ws://<host>/ws/chat/{room_name}/
\`\`\`

A connection is in one room, for as long as it is open. \`room_name\` is letters, digits and \`_\`; the \`room_id\` of a room does, too. A name
that nobody used yet makes a public room of yours. \`dm_<a>_<b>\` is the room of two people, whom \`GET /chat/dm/<target_user_id>\` brings
together; the numbers are in the order of their digits.

## Signing in

An access token, in one of two places. Where both are there the header counts.

- the header \`Authorization: Bearer <access>\`
- the query \`?token=<access>\`

## On connect

1. \`{"type":"room_users_list","users":[{"id":"1","username":"ann"}]}\`: who is here, you included, each once, at most 1,000.
2. The history, oldest first, at most the newest 1,000 messages: frames like those of new messages.
3. \`{"type":"user_join","user_id":"1","username":"ann"}\`: you have arrived. Everybody here gets it, unless you were here already.

## What you send

| frame | |
|---|---|
| \`{"message":"Hello world!"}\` | says something; \`{"content":"…"}\` and \`"type":"message"\` do as well |
| \`{"type":"typing","is_typing":true}\` | you are typing, or with \`false\` no more |

Frames of other types are ignored.

## What you get

| frame | |
|---|---|
| \`{"type":"chat_message","message","message_id","sender_username","sender_id","timestamp","edited_at","is_deleted"}\` | something was said, by you or others; \`edited_at\` is null before the first edit, and a deleted message has a text that says so |
| \`{"type":"message_edited","message_id","new_content","edited_at","room_id","sender_id","sender_username"}\` | a message has another text |
| \`{"type":"message_deleted","message_id","room_id"}\` | a message is gone |
| \`{"type":"user_join","user_id","username"}\` | somebody came |
| \`{"type":"user_leave","user_id","username"}\` | somebody went: the last of their connections to the room was closed |
| \`{"type":"typing_indicator","user","user_id","room","is_typing"}\` | somebody else types, or stopped |
| \`{"error":"…"}\` | what you sent was not taken; the connection stays open |

\`user_id\` and \`sender_id\` are texts. Times are ISO 8601 in UTC, with \`Z\`.

Errors are \`Message content is missing\`, \`Invalid JSON format received\` (text that is not a JSON object, or a binary frame), and why a
message was refused.

## How it ends

| code | |
|---|---|
| 4001 | the token is missing or not valid, or the login it belongs to has ended |
| 4000 | the room cannot be found or made, like a \`dm_\` name of nobody |
| 4003 | the room is private and you are not a member, or no member any more |
| 4408 | you did not read what you were sent |
| 4503 | the server is going away; come back in a moment |

With 4001, 4000 and 4003 the connection opens first, so that browsers can read the code.
`
