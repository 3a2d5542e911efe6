#!/usr/bin/env node
// Runs all tests, or what `bun test` makes of the arguments given. Most tests wait much of their time, for a database, a process or the end
// of a while, so there is one worker more than cores; each starts a PostgreSQL of its own, so there is a limit to them. A worker keeps its
// modules, and with them that database, from file to file.
import { availableParallelism } from 'node:os'
import { runBun } from './bun.mjs'

const most = 8
const workers = Math.min(most, availableParallelism() + 1)
const given = process.argv.slice(2)

runBun(['test', `--parallel=${workers}`, '--no-isolate', '--timeout', '60000', ...(given.length > 0 ? given : ['packages', 'bench'])])
