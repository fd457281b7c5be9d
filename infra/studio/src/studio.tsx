/** The frame that all pages stand in, and what is told above whichever page is shown. */

import type { FunctionComponent, RefObject } from "preact"
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks"
import { logOut, refresh, setOnline } from "./api/session"
import { uploads } from "./api/uploads"
import { Library } from "./pages/library"
import { go, type Place, to, usePlace } from "./router"
import { DropArea } from "./ui/drop"
import { useStanding, useUploads } from "./ui/hooks"
import { Icon, type IconName } from "./ui/icons"
import { type Entry, useShortcuts } from "./ui/keys"
import { fetched, fetchAll } from "./ui/fetched"
import { Help } from "./ui/overlay"
import { IconButton, Problem, Waiting } from "./ui/parts"
import { LogInAgain, Welcome } from "./ui/people"

const PAGES: Record<string, FunctionComponent<{ id: string }>> = {
  library: Library,
  track: fetched(async () => (await import("./pages/track")).Track),
  mix: fetched(async () => (await import("./pages/mix")).Mix),
  compose: fetched(async () => (await import("./pages/compose")).Compose),
  jobs: fetched(async () => (await import("./pages/jobs")).Jobs),
  keys: fetched(async () => (await import("./pages/keys")).Keys),
}
const NAV: { page: string; name: string; icon: IconName; key: string }[] = [
  { page: "library", name: "Library", icon: "library", key: "1" },
  { page: "compose", name: "Compose", icon: "compose", key: "2" },
  { page: "jobs", name: "Jobs", icon: "jobs", key: "3" },
  { page: "keys", name: "API keys", icon: "keys", key: "4" },
]

export function Studio() {
  const { session, expired, online } = useStanding()
  const [problem, setProblem] = useState<string | null>(null)
  useEffect(() => {
    const begin = (): void => {
      refresh().then(
        () => setProblem(null),
        () => {
          setProblem("The server cannot be reached. Trying again.")
          setTimeout(begin, 3000)
        },
      )
    }
    begin()
    const lost = () => setOnline(false)
    const back = () => setOnline(true)
    const leaving = (event: BeforeUnloadEvent) => uploads.busy() && event.preventDefault()
    addEventListener("offline", lost)
    addEventListener("online", back)
    addEventListener("beforeunload", leaving)
    return () => {
      removeEventListener("offline", lost)
      removeEventListener("online", back)
      removeEventListener("beforeunload", leaving)
    }
  }, [])
  if (!session)
    return <main class="lonely">{problem ? <Problem text={problem} /> : <Waiting label="Opening the studio" />}</main>
  if (!session.user) return <Welcome />
  return (
    <>
      <Frame />
      {!online && <Banner />}
      {expired && <LogInAgain email={session.user.email} />}
    </>
  )
}

const Banner = () => (
  <div class="banner" role="status">
    <span class="spinner" aria-hidden="true" />
    The connection is lost. Trying again; what you were doing goes on when it is back.
  </div>
)

function Frame() {
  const place = usePlace()
  const { session } = useStanding()
  const [help, setHelp] = useState(false)
  const main = useRef<HTMLElement>(null)
  const Page = PAGES[place.page] ?? Library
  useShortcuts("Go to", [
    ...NAV.map((one): Entry => [one.key, one.name, () => go(one.page)]),
    ["?", "Show these shortcuts", () => setHelp(true)],
  ])
  useScroll(main, place)
  useEffect(fetchAll, [])
  return (
    <div class="frame">
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        To the content
      </a>
      <Side place={place} onHelp={() => setHelp(true)} />
      <main id="main" ref={main} tabIndex={-1}>
        {session?.user?.confirmed === false && (
          <p class="notice" role="status">
            Your e-mail address is not verified yet: until it is, you can look at things only.{" "}
            <a href="/users/settings">Verify it</a>
          </p>
        )}
        <Page key={`${place.page}/${place.id}`} id={place.id} />
      </main>
      <DropArea />
      {help && <Help onClose={() => setHelp(false)} />}
    </div>
  )
}

const scrolled = new Map<string, number>()

/** A page begins at its top; the library, where it was left. */
function useScroll(main: RefObject<HTMLElement | null>, { page, id }: Place): void {
  useLayoutEffect(() => {
    const element = main.current
    element?.scrollTo(0, (page === "library" && scrolled.get(page)) || 0)
    const seen = () => scrolled.set(page, element?.scrollTop ?? 0)
    element?.addEventListener("scroll", seen)
    return () => element?.removeEventListener("scroll", seen)
  }, [page, id])
}

function Side({ place, onHelp }: { place: Place; onHelp: () => void }) {
  const { session } = useStanding()
  const sending = useUploads().filter(
    (one) => one.stage === "sending" || one.stage === "waiting" || one.stage === "offline",
  ).length
  const shown = ["track", "mix"].includes(place.page) ? "library" : place.page
  return (
    <nav class="side" aria-label="Studio">
      <a class="brand" href={to("library")}>
        <img src="/studio/icon.svg" alt="" width="24" height="24" />
        <span>Patchbay</span>
      </a>
      <ul>
        {NAV.map((one) => (
          <li key={one.page}>
            <a href={to(one.page)} {...(one.page === shown && { "aria-current": "page" as const })}>
              <Icon name={one.icon} />
              <span>{one.name}</span>
              {one.page === "library" && sending > 0 && (
                <span class="badge" aria-label={`${sending} uploads under way`}>
                  {sending}
                </span>
              )}
            </a>
          </li>
        ))}
      </ul>
      <div class="foot">
        <a href="/docs">API docs</a>
        <a href="/users/settings">Settings</a>
        <button type="button" class="link" onClick={() => void logOut()}>
          Log out
        </button>
        <p class="who" title={session?.user?.email}>
          {session?.user?.userName}
          {session?.stage && session.stage !== "prod" && <span class="chip">{session.stage}</span>}
        </p>
      </div>
      <IconButton icon="help" label="Keyboard shortcuts" class="help" onClick={onHelp} />
    </nav>
  )
}
