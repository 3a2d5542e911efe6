/** Every published bound of the protocol. Lengths are Unicode code points unless a name says bytes; times are milliseconds. */
export const limits = {
  /** Longest text of one message. */
  content_chars: 4000,
  /** The same bound in UTF-8 bytes. */
  content_bytes: 16_000,
  /** Longest `meta` object of a room or message, as UTF-8 JSON. */
  meta_bytes: 4096,
  /** Mentions in one message. */
  mentions: 50,
  /** Longest reaction, in code points: any emoji is shorter, and a word such as `:party:` fits. */
  reaction_chars: 32,
  /** Different reactions on one message, and of them those of one user. */
  reactions: 20,
  user_reactions: 10,
  /** Pinned messages of one room. */
  pins: 50,
  /** Shortest and longest life of the messages of a room that forgets them, in seconds. */
  ttl_min_s: 60,
  ttl_max_s: 31_536_000,
  /** Longest client message id. */
  cid_chars: 64,
  username_chars: 150,
  /** Shortest password the native API accepts at registration. */
  password_chars: 8,
  password_bytes: 1024,
  /** Characters of an access token. */
  token_chars: 8192,
  room_name_chars: 255,
  room_title_chars: 255,
  room_description_chars: 2000,
  /** Longest slow mode of a room (seconds). */
  slow_mode_s: 21_600,
  /** Bans and mutes: the reason given, the longest term (seconds), and how many of each a room may have. */
  reason_chars: 500,
  sanction_s: 315_360_000,
  room_sanctions: 10_000,
  /** What a request to join says, and how many may be open: of one room, of one user. So many who run the room are told of one. */
  request_chars: 300,
  room_requests: 1000,
  user_requests: 100,
  request_told: 20,
  /** Members named when a group is created. */
  initial_members: 100,
  /** Members of one room. */
  room_members: 100_000,
  /** Sessions of one user; signing in once more ends the oldest. */
  user_sessions: 1000,
  /** How long a link to set a new password is good. */
  reset_link_ms: 3_600_000,
  /** Open invitations of one room, and of the server itself. */
  room_invites: 100,
  server_invites: 1000,
  /** Most uses, and longest life, of an invitation. */
  invite_uses: 100_000,
  invite_ms: 31_536_000_000,
  /** Rooms of one user. */
  user_rooms: 10_000,
  /** Page size of a list: default and maximum. */
  page_default: 30,
  page_max: 100,
  /** Rooms in one page of the index. */
  index_max: 1000,
  /** History messages or log events in one answer. */
  history_max: 200,
  /** Bytes of one frame sent to the server. */
  frame_bytes: 65_536,
  /** Bytes of one JSON request body. */
  body_bytes: 131_072,
  /** Deepest nesting of arrays and objects in a request. */
  json_depth: 32,
  /** Rooms named in the `resume` of one hello. */
  resume_rooms: 500,
  /** Events replayed on resume: in one room, in all, and their bytes; beyond them a room gets its head only. */
  replay_room_events: 200,
  replay_events: 2000,
  replay_bytes: 1_048_576,
  /** Heads in one `heads` frame. */
  heads_page: 500,
  /** People of one room who are listed as being here; in a larger crowd nobody is told of arrivals and departures. */
  people_here: 1000,
  /** Users one connection may watch. */
  watch: 200,
  /** Rooms one connection may have open. */
  open_rooms: 200,
  /** Streams of server-sent events one user may have at once, the rooms one may have open, and the users it may watch. */
  user_streams: 50,
  stream_rooms: 50,
  stream_watch: 100,
  /** Operations of one connection that wait for their answer. */
  in_flight: 64,
  /** Above this many members a room is large: no typing, receipts or unsolicited events. It stops being large at `large_room_ends`. */
  large_room: 100,
  large_room_ends: 80,
  heartbeat_ms: 25_000,
  silence_ms: 35_000,
  /** A stream of server-sent events says something at least this often. */
  stream_comment_ms: 15_000,
  hello_ms: 10_000,
  /** A typing notice ends by itself after this time. */
  typing_ms: 6000,
} as const
