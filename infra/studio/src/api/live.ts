/** How jobs get on: told by the socket, asked for where there is none. */

import { type Channel, Socket } from "phoenix"
import { jobs } from "./endpoints"
import { backoff, pause } from "./http"
import { current, refresh } from "./session"
import { isOver, type Job, type JobState } from "./types"

/** How a job stands; `job` is all of it once it is over. */
export interface News {
  id: string
  state: JobState
  progress: number
  job: Job | null
}

const WAIT_S = 15
const QUIET_MS = 10_000
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

/** Whether news come by themselves; for the status line. */
export const isLive = (): boolean => socket?.isConnected() ?? false

/** The one socket of this page. A ticket opens one socket once, so each begins with a fresh one. */
async function connected(): Promise<Socket | null> {
  if (socket) return socket
  if (failures > 2 && Date.now() - lastTryAt < 30_000) return null
  lastTryAt = Date.now()
  opening ??= open().finally(() => (opening = null))
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

/** Follow a job until it is over, or until the returned function is called. */
export function follow(id: string, tell: (news: News) => void): () => void {
  const stop = new AbortController()
  const known = { id, state: "queued" as JobState, progress: 0, heardAt: 0 }
  let channel: Channel | null = null
  let joined: Socket | null = null

  const hear = (state: JobState, progress: number) => {
    known.heardAt = Date.now()
    if (isOver(known.state) || progress < known.progress) return
    Object.assign(known, { state, progress })
    if (!isOver(state)) tell({ id, state, progress, job: null })
  }
  const over = async () => {
    if (stop.signal.aborted) return
    const job = await jobs.get(id, stop.signal)
    if (!isOver(job.state)) return
    stop.abort()
    channel?.leave()
    tell({ id, state: job.state, progress: job.state === "succeeded" ? 1 : job.progress, job })
  }
  const listen = async () => {
    const live = await connected()
    if (!live || live === joined || stop.signal.aborted) return
    joined = live
    channel = live.channel(`jobs:${id}`, {})
    channel.on("job:progress", (told: { status: string; progress: number }) =>
      hear(STATES[told.status] ?? "started", told.progress / 100),
    )
    for (const event of ["job:completed", "job:failed"]) channel.on(event, () => void over().catch(() => undefined))
    channel.join().receive("ok", () => (known.heardAt = Date.now()))
  }
  const ask = async () => {
    for (let tries = 0; !stop.signal.aborted;) {
      const quiet = Date.now() - known.heardAt
      if (isLive() && joined === socket && quiet < QUIET_MS) {
        await pause(QUIET_MS - quiet, stop.signal)
        continue
      }
      if (!isLive() || joined !== socket) void listen().catch(() => undefined)
      try {
        const job = await jobs.wait(known, isLive() ? 0 : WAIT_S, stop.signal)
        hear(job.state, job.progress)
        if (isOver(job.state)) return await over()
        tries = 0
        if (isLive()) await pause(1000, stop.signal)
      } catch {
        if (!stop.signal.aborted) await backoff(tries++, stop.signal)
      }
    }
  }
  void (async () => {
    await listen().catch(() => undefined)
    known.heardAt = 0
    await ask()
  })().catch(() => undefined)
  return () => {
    stop.abort()
    channel?.leave()
  }
}
