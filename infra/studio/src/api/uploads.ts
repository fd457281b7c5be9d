/** Uploads: several at once, in parts where files are large, going on where the line broke. */

import { assets, samples } from "./endpoints"
import { backoff, pause, Refused } from "./http"
import { setOnline } from "./session"
import type { Upload } from "./types"

const IN_PARTS_FROM_BYTES = 64 * 1024 ** 2
const AT_ONCE = 2
const TRIES = 30
const STALL_MS = 30_000
const KNOWN = /\.(wav|wave|mp3|flac|ogg|oga|opus|m4a|mp4|aac|aif|aiff|aifc|wma|webm|mka|caf)$/i
const KEPT_MS = 45 * 60_000

export type Stage = "waiting" | "sending" | "paused" | "offline" | "looking" | "done" | "failed"

export interface Sending {
  key: string
  file: File
  stage: Stage
  /** Bytes that have arrived. */
  sent: number
  resumed: boolean
  problem: string | null
  /** Sending it again would end no better. */
  hopeless: boolean
  sampleId: number | null
}

/** What is known of an upload in parts, so that the same file goes on where it stopped even after a reload. */
interface Kept {
  at: number
  upload: Upload
  etags: string[]
}

type Listener = (all: readonly Sending[]) => void

let all: Sending[] = []
const listeners = new Set<Listener>()
const stops = new Map<string, AbortController>()

export const uploads = {
  all: (): readonly Sending[] => all,
  watch(listener: Listener): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
  add(files: Iterable<File>): void {
    for (const file of files) {
      const problem = wrong(file)
      all = [
        ...all,
        {
          key: crypto.randomUUID(),
          file,
          stage: problem ? "failed" : "waiting",
          sent: 0,
          resumed: false,
          problem,
          hopeless: problem !== null,
          sampleId: null,
        },
      ]
    }
    tell()
    next()
  },
  pause: (key: string) => stopAs(key, "paused"),
  resume(key: string): void {
    change(key, { stage: "waiting", problem: null })
    next()
  },
  dismiss(key: string): void {
    stops.get(key)?.abort()
    all = all.filter((one) => one.key !== key)
    tell()
    next()
  },
  busy: (): boolean => all.some((one) => ["waiting", "sending", "offline", "paused"].includes(one.stage)),
}

/** What is wrong with a file before a byte of it is sent. */
function wrong(file: File): string | null {
  if (file.size === 0) return "This file is empty."
  if (!file.type.startsWith("audio/") && !file.type.startsWith("video/") && !KNOWN.test(file.name)) {
    return "This is not an audio file. WAV, FLAC, MP3, AAC, OGG, Opus and AIFF are understood."
  }
  return null
}

function tell(): void {
  for (const listener of listeners) listener(all)
}

function change(key: string, next: Partial<Sending>): void {
  all = all.map((one) => (one.key === key ? { ...one, ...next } : one))
  tell()
}

function stopAs(key: string, stage: Stage): void {
  stops.get(key)?.abort()
  change(key, { stage })
  next()
}

function next(): void {
  const busy = all.filter((one) => one.stage === "sending" || one.stage === "offline").length
  for (const one of all.filter((each) => each.stage === "waiting").slice(0, AT_ONCE - busy)) void run(one)
}

async function run(one: Sending): Promise<void> {
  const stop = new AbortController()
  stops.set(one.key, stop)
  change(one.key, { stage: "sending", problem: null })
  try {
    const assetId = await sendAll(one, stop.signal)
    change(one.key, { stage: "looking", sent: one.file.size })
    next()
    await listenTo(one, assetId, stop.signal)
  } catch (error) {
    if (!stop.signal.aborted) change(one.key, { stage: "failed", ...told(error, one.file) })
  }
  next()
}

/** A file that was listened to, and is of no use. */
class Unusable extends Error {}

function told(error: unknown, file: File): Pick<Sending, "problem" | "hopeless"> {
  if (error instanceof Refused && error.status === 413) {
    const most = Number(error.message.match(/\d{7,}/g)?.at(-1) ?? 0)
    const limit = most ? `: ${size(most)} at most` : ""
    return {
      problem: `${size(file.size)} is more than can be taken here${limit}. FLAC or MP3 needs less.`,
      hopeless: true,
    }
  }
  const problem = error instanceof Error ? error.message : "That did not work. Try again."
  return { problem, hopeless: error instanceof Unusable }
}

async function sendAll(one: Sending, signal: AbortSignal): Promise<string> {
  const { file, key } = one
  if (file.size < IN_PARTS_FROM_BYTES) {
    const upload = await assets.upload(file.name, file.size, "put")
    await sendPart(key, upload.put_url ?? "", file, 0, signal)
    return upload.asset_id
  }
  const kept = recall(file) ?? { at: Date.now(), upload: await assets.upload(file.name, file.size, "parts"), etags: [] }
  const { upload, etags } = kept
  const parts = upload.parts
  if (!parts) throw new Error("The server takes no parts of files.")
  if (etags.length) change(key, { resumed: true, sent: etags.length * parts.part_bytes })
  for (let number = etags.length; number < parts.urls.length; number++) {
    const from = number * parts.part_bytes
    etags.push(await sendPart(key, parts.urls[number] ?? "", file.slice(from, from + parts.part_bytes), from, signal))
    keep(file, kept)
  }
  await assets.complete(upload.asset_id, parts.upload_id, etags)
  forget(file)
  return upload.asset_id
}

/** Send one part until it has arrived. Returns its ETag. */
async function sendPart(key: string, url: string, part: Blob, from: number, signal: AbortSignal): Promise<string> {
  for (let tries = 0; ; tries++) {
    try {
      const etag = await put(url, part, (sent) => change(key, { stage: "sending", sent: from + sent }), signal)
      setOnline(true)
      return etag
    } catch (error) {
      if (signal.aborted || error instanceof Refused || tries + 1 >= TRIES) throw error
      change(key, { stage: "offline", sent: from })
      await backoff(tries, signal)
    }
  }
}

/** `fetch` does not tell how much it has sent, so this is the older interface. */
function put(url: string, part: Blob, progress: (bytes: number) => void, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    let stalled = setTimeout(() => request.abort(), STALL_MS)
    const alive = () => {
      clearTimeout(stalled)
      stalled = setTimeout(() => request.abort(), STALL_MS)
    }
    request.open("PUT", url)
    request.upload.onprogress = (event) => {
      alive()
      progress(event.loaded)
    }
    request.upload.onload = () => clearTimeout(stalled) // from here the server may take its time
    request.onload = () => {
      clearTimeout(stalled)
      const gone =
        request.status === 403
          ? "The link for this upload is no longer good. Try again."
          : `The storage answered ${request.status}.`
      if (request.status < 300) resolve(request.getResponseHeader("etag") ?? "")
      else if (request.status < 500) reject(new Refused(request.status, gone))
      else reject(new Error(gone))
    }
    request.onerror = request.onabort = () => {
      clearTimeout(stalled)
      reject(new Error("The connection was lost."))
    }
    signal.addEventListener("abort", () => request.abort(), { once: true })
    request.send(part)
  })
}

/** Make a sample of what was sent, and wait until it was listened to. */
async function listenTo(one: Sending, assetId: string, signal: AbortSignal): Promise<void> {
  const made = await samples.create(assetId, one.file.name.replace(/\.[^.]+$/, "").slice(0, 100) || "Untitled")
  change(one.key, { sampleId: made.sampleId })
  for (let tries = 0; ; tries++) {
    const found = await samples.get(made.sampleId)
    if (found.error) throw new Unusable(`This file cannot be used: ${found.error}.`)
    if (!found.processing) break
    await pause(tries < 10 ? 1000 : 3000, signal)
  }
  change(one.key, { stage: "done" })
}

const nameOf = (file: File): string => `upload:${file.name}:${file.size}:${file.lastModified}`

function recall(file: File): Kept | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(nameOf(file)) ?? "null") as Kept | null
    return kept && Date.now() - kept.at < KEPT_MS ? kept : null
  } catch {
    return null
  }
}

function keep(file: File, kept: Kept): void {
  try {
    sessionStorage.setItem(nameOf(file), JSON.stringify(kept))
  } catch {
    // Full or forbidden: then a reload begins anew, and nothing else.
  }
}

function forget(file: File): void {
  sessionStorage.removeItem(nameOf(file))
}

export function size(bytes: number | null): string {
  if (bytes === null) return ""
  if (bytes < 1000) return `${bytes} bytes`
  const power = Math.min(Math.floor(Math.log10(bytes) / 3), 3)
  return `${(bytes / 1000 ** power).toPrecision(3)} ${["", "kB", "MB", "GB"][power]}`
}
