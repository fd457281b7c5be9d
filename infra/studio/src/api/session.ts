/** Who is logged in here, and whether the server can be reached: what every page watches. */

import { sentence } from "./words"

export interface User {
  id: string
  number: number
  email: string
  userName: string
  plan: string
  /** Whether the e-mail address is verified, or need not be. */
  confirmed: boolean
}

export interface Session {
  user: User | null
  csrfToken: string
  socketToken: string | null
  stage: string
}

export interface Standing {
  session: Session | null
  /** The session ended while somebody was at work; requests wait until they are back. */
  expired: boolean
  online: boolean
}

type Listener = (standing: Standing) => void

let standing: Standing = { session: null, expired: false, online: true }
const listeners = new Set<Listener>()
let waiting: (() => void)[] = []

export const current = (): Standing => standing

export function watch(listener: Listener): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function change(next: Partial<Standing>): void {
  standing = { ...standing, ...next }
  for (const listener of listeners) listener(standing)
}

export function setOnline(online: boolean): void {
  if (standing.online !== online) change({ online })
}

/** Ask the server who we are. The answer also has a fresh ticket for the socket. */
export async function refresh(): Promise<Session> {
  const answer = await fetch("/api/session", { credentials: "same-origin", headers: { accept: "application/json" } })
  if (!answer.ok) throw new Error(`the session could not be read (${answer.status})`)
  const { data } = (await answer.json()) as { data: Session }
  adopt(data)
  return data
}

/** Take a session over: the one at the start, or one that began again in its place. */
export function adopt(session: Session): void {
  const before = standing.session?.user
  if (before && session.user && before.id !== session.user.id) {
    location.reload() // somebody else's pages are not theirs
    return
  }
  if (before && !session.user) {
    change({ expired: true, session: { ...session, user: before } })
    return
  }
  change({ session, expired: false })
  if (session.user) {
    for (const go of waiting.splice(0)) go()
  }
}

/** The session is over: wait until its owner has logged in again. */
export function regained(): Promise<void> {
  return new Promise((resolve) => {
    waiting = [...waiting, resolve]
    if (!standing.expired) change({ expired: true })
  })
}

/** Log in again in the place where one was. Resolves with what is wrong, or with nothing. */
export async function logIn(email: string, password: string): Promise<string | null> {
  const token = (await refresh()).csrfToken
  const answer = await fetch("/users/log-in", {
    method: "POST",
    credentials: "same-origin",
    headers: { accept: "application/json", "x-csrf-token": token },
    body: new URLSearchParams({ email, password, _csrf_token: token }),
  })
  const told = (await answer.json().catch(() => ({}))) as { data?: Session; message?: string; error?: string }
  if (!answer.ok || !told.data) return sentence(told.message ?? told.error ?? "That did not work. Try again.")
  adopt(told.data)
  return null
}

export async function logOut(): Promise<void> {
  const token = standing.session?.csrfToken ?? ""
  await fetch("/users/log-out", {
    method: "DELETE",
    credentials: "same-origin",
    headers: { accept: "application/json", "x-csrf-token": token },
  })
  location.assign("/users/log-in")
}
