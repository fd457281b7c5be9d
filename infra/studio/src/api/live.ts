/** How jobs get on: told by the socket, asked for where there is none. */

import { type Channel, Socket } from "phoenix"
import { jobs } from "./endpoints"
import { backoff, pause, Refused } from "./http"
import { current, refresh } from "./session"
import { isOver, type Job, type JobState, type Shown } from "./types"

/** How a job stands; `job` is all of it once it is over, unless it is gone. */
export interface News {
  id: string
  state: Shown
  progress: number
  job: Job | null
  /** Why nothing came of it. */
  problem: string | null
}

const WAIT_S = 15
const QUIET_MS = 10_000
const LONGEST_APART_MS = 30_000
const GONE = "This job was deleted, and with it what it would have made."
const STATES: Record<string, JobState> = {
  queued: "queued",
  processing: "started",
  completed: "succeeded",
  failed: "failed",
}

let socket: Socket | null = null
let opening: Promise<Socket | null> | null = null
let failures = 0
let lastTryAt = 0
let fall = later()

/** A promise, and how to keep it. */
function later(): { promise: Promise<void>; keep: () => void } {
  let keep = (): void => undefined
  const promise = new Promise<void>((resolve) => (keep = resolve))
  return { promise, keep }
}

/** Whether news come by themselves; for the status line. */
export const isLive = (): boolean => socket?.isConnected() ?? false

/** The one socket of this page. A ticket opens one socket once, so each begins with a fresh one. */
async function connected(): Promise<Socket | null> {
  if (socket || opening) return socket ?? opening
  const apart_ms = failures && Math.min(1000 * 2 ** (failures - 1), LONGEST_APART_MS)
  if (Date.now() - lastTryAt < apart_ms) return null
  lastTryAt = Date.now()
  opening = open().finally(() => (opening = null))
  return opening
}

async function open(): Promise<Socket | null> {
  const ticket = (await refresh().catch(() => current().session))?.socketToken
  if (!ticket) return null
  const made = new Socket("/socket", { params: { token: ticket }, timeout: 10_000, reconnectAfterMs: () => 3_600_000 })
  const gone = () => {
    if (socket === made) socket = null
    failures++
    made.disconnect()
    fall.keep()
    fall = later()
  }
  return new Promise((resolve) => {
    const late = setTimeout(() => resolve(null), 6000)
    made.onOpen(() => {
      clearTimeout(late)
      failures = 0
      socket = made
      resolve(made)
    })
    made.onError(() => {
      clearTimeout(late)
      gone()
      resolve(null)
    })
    made.onClose(() => {
      if (socket === made) gone()
    })
    made.connect()
  })
}

/** Follow a job until it is over or gone, or until the returned function is called. */
export function follow(id: string, tell: (news: News) => void): () => void {
  const stop = new AbortController()
  const known = { state: "queued" as JobState, progress: 0, heardAt: 0 }
  let channel: Channel | null = null
  let joined: Socket | null = null

  const hear = (state: JobState, progress: number) => {
    known.heardAt = Date.now()
    if (isOver(known.state) || progress < known.progress || stop.signal.aborted) return
    Object.assign(known, { state, progress })
    if (!isOver(state)) tell({ id, state, progress, job: null, problem: null })
  }
  const leave = () => {
    stop.abort()
    channel?.leave()
  }
  const over = async () => {
    const job = await jobs.get(id, stop.signal)
    if (!isOver(job.state) || stop.signal.aborted) return
    leave()
    const progress = job.state === "succeeded" ? 1 : job.progress
    tell({ id, state: job.state, progress, job, problem: job.failure?.message ?? null })
  }
  const listen = async () => {
    const live = await connected()
    if (!live || live === joined || stop.signal.aborted) return
    joined = live
    const made = live.channel(`jobs:${id}`, {})
    channel = made
    made.on("job:progress", (told: { status: string; progress: number }) =>
      hear(STATES[told.status] ?? "started", told.progress / 100),
    )
    for (const event of ["job:completed", "job:failed"]) made.on(event, () => void over().catch(() => undefined))
    made
      .join()
      .receive("ok", () => (known.heardAt = Date.now()))
      .receive("error", () => made.leave()) // or it would be joined for ever; asking tells why
  }
  const ask = async () => {
    for (let tries = 0; !stop.signal.aborted;) {
      const quiet_ms = Date.now() - known.heardAt
      if (isLive() && joined === socket && quiet_ms < QUIET_MS) {
        await Promise.race([pause(QUIET_MS - quiet_ms, stop.signal), fall.promise])
        continue
      }
      if (!isLive() || joined !== socket) void listen().catch(() => undefined)
      try {
        const job = await jobs.wait({ id, ...known }, isLive() ? 0 : WAIT_S, stop.signal)
        hear(job.state, job.progress)
        if (isOver(job.state)) return await over()
        tries = 0
        if (isLive()) await pause(1000, stop.signal)
      } catch (error) {
        if (stop.signal.aborted) return
        if (isFinal(error)) {
          leave()
          const problem = error.status === 404 ? GONE : error.message
          return tell({ id, state: "gone", progress: known.progress, job: null, problem })
        }
        await backoff(tries++, stop.signal)
      }
    }
  }
  void (async () => {
    await listen().catch(() => undefined)
    known.heardAt = 0
    await ask()
  })().catch(() => undefined)
  return leave
}

/** Whether asking again would be answered no differently. */
const isFinal = (error: unknown): error is Refused =>
  error instanceof Refused && error.status >= 400 && error.status < 500 && error.status !== 429
