/** Requests to the API: with the session's token, tried again when the line breaks, held back while nobody is logged in. */

import { current, refresh, regained, setOnline } from "./session"
import { sentence } from "./words"

const TRIES = 6
const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 8000

/** What the API refused, in words for people. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly field: string | null = null,
  ) {
    super(message)
  }
}

export interface Wish {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE"
  json?: unknown
  form?: FormData
  headers?: Record<string, string>
  signal?: AbortSignal
}

interface Fault {
  detail?: string
  message?: string
  error?: string | { message?: string }
  /** By field what is wrong with it; or more about the error. */
  details?: Record<string, unknown>
  errors?: { field: string; message: string }[]
}

export const pause = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const stopped = () => {
      clearTimeout(timer)
      reject(new DOMException("stopped", "AbortError"))
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stopped)
      resolve()
    }, ms)
    if (signal?.aborted) stopped()
    else signal?.addEventListener("abort", stopped, { once: true })
  })

/** Wait longer from try to try, or until the browser says that the line is back. */
export async function backoff(tries: number, signal?: AbortSignal): Promise<void> {
  const over = new AbortController()
  const waited = pause(Math.min(FIRST_WAIT_MS * 2 ** tries, LONGEST_WAIT_MS) * (0.75 + Math.random() / 2), signal)
  const back = new Promise<void>((resolve) => addEventListener("online", () => resolve(), { signal: over.signal }))
  await Promise.race([waited, back]).finally(() => over.abort())
}

/** The JSON of an answer. Throws `Refused`. */
export async function ask<T>(path: string, wish: Wish = {}): Promise<T> {
  const answer = await send(path, wish)
  return (answer.status === 204 ? null : await answer.json()) as T
}

/** An answer that is fine. Throws `Refused`; a broken line and a session that ended are waited out. */
export async function send(path: string, wish: Wish = {}): Promise<Response> {
  const once = crypto.randomUUID()
  let token = ""
  for (let tries = 0; ; tries++) {
    let answer: Response
    try {
      token = current().session?.csrfToken ?? ""
      answer = await fetch(path, options(wish, token, once))
      setOnline(true)
    } catch (error) {
      if (wish.signal?.aborted || tries + 1 >= TRIES) throw wish.signal?.aborted ? error : lost()
      setOnline(false)
      await backoff(tries, wish.signal)
      continue
    }
    if (answer.ok) return answer
    if (answer.status === 401) {
      await regained()
      continue
    }
    if (answer.status === 403 && tries === 0 && (await renewed(token))) continue
    if (passes(answer, wish) && tries + 1 < TRIES) {
      const told = Number(answer.headers.get("retry-after"))
      await (told ? pause(Math.min(told, 60) * 1000, wish.signal) : backoff(tries, wish.signal))
      continue
    }
    throw await refusal(answer)
  }
}

/** Whether it may be otherwise in a moment. What may have been done twice is not tried again. */
function passes(answer: Response, wish: Wish): boolean {
  if (answer.status === 429) return true
  return [502, 503, 504].includes(answer.status) && (wish.method ?? "GET") === "GET"
}

/** Another page of this browser may have begun a new session, and with it a new token. */
async function renewed(token: string): Promise<boolean> {
  return refresh().then(
    (session) => session.csrfToken !== token,
    () => false,
  )
}

function options(wish: Wish, token: string, once: string): RequestInit {
  const method = wish.method ?? "GET"
  const headers: Record<string, string> = { accept: "application/json", ...wish.headers }
  if (method !== "GET") headers["x-csrf-token"] = token
  if (method === "POST") headers["idempotency-key"] = once
  if (wish.json !== undefined) headers["content-type"] = "application/json"
  const body = wish.form ?? (wish.json === undefined ? undefined : JSON.stringify(wish.json))
  return {
    method,
    headers,
    credentials: "same-origin",
    redirect: "follow",
    ...(body && { body }),
    ...(wish.signal && { signal: wish.signal }),
  }
}

const lost = () =>
  new Refused(0, "The server cannot be reached. Nothing is lost: try again when the connection is back.")

async function refusal(answer: Response): Promise<Refused> {
  const told = (await answer.json().catch(() => ({}))) as Fault
  const fault = told.errors?.[0]
  const detail = Object.entries(told.details ?? {}).find(isOfField)
  const error = typeof told.error === "string" ? told.error : told.error?.message
  const text =
    fault?.message ?? detail?.[1][0] ?? told.detail ?? told.message ?? error ?? `The server answered ${answer.status}.`
  return new Refused(answer.status, sentence(text), fault?.field ?? detail?.[0] ?? null)
}

const isOfField = (entry: [string, unknown]): entry is [string, string[]] =>
  Array.isArray(entry[1]) && typeof entry[1][0] === "string"
