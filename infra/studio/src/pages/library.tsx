/** The library: find songs as you type, bring new ones by dropping them anywhere. */

import type { RefObject } from "preact"
import { useEffect, useRef, useState } from "preact/hooks"
import { samples } from "../api/endpoints"
import type { SampleItem } from "../api/types"
import { type Sending, uploads } from "../api/uploads"
import { type Loaded, useLoad, useSettled, useStanding, useTitle, useUploads } from "../ui/hooks"
import { Icon } from "../ui/icons"
import { useShortcuts } from "../ui/keys"
import { Button, Empty, Problem, Waiting } from "../ui/parts"
import { Songs } from "../ui/songs"
import { Uploads } from "../ui/upload-list"

const PAGE = 50
const MOST_AT_ONCE = 100
const ORDERS: Record<string, string> = {
  latest: "Newest first",
  oldest: "Oldest first",
  name: "By name",
  popular: "Most liked",
}

/** How the list was left: who comes back from a song finds it so, at once. */
const left = { typed: "", count: PAGE, found: "", items: null as SampleItem[] | null }

/** A song of it is gone: what was shown is not to be shown again. */
export function forgetList(): void {
  left.items = null
}

/** What stays from visit to visit. */
function useView(): [{ sort: string; mine: boolean }, (next: { sort?: string; mine?: boolean }) => void] {
  const [view, set] = useState(() => {
    const [sort = "", whose] = (localStorage.getItem("library") ?? "").split(" ")
    return { sort: sort in ORDERS ? sort : "latest", mine: whose !== "everyone" }
  })
  const change = (next: { sort?: string; mine?: boolean }) => {
    const changed = { ...view, ...next }
    set(changed)
    try {
      localStorage.setItem("library", `${changed.sort} ${changed.mine ? "mine" : "everyone"}`)
    } catch {
      // Full or forbidden: then it is the usual one next time.
    }
  }
  return [view, change]
}

export function Library() {
  useTitle("Library")
  const { session } = useStanding()
  const [typed, type] = useState(left.typed)
  const [{ sort, mine }, change] = useView()
  const [count, setCount] = useState(left.count)
  const q = useSettled(typed.trim(), 180)
  const field = useRef<HTMLInputElement>(null)
  const picker = useRef<HTMLInputElement>(null)
  const sending = useUploads()
  const done = sending.filter((one) => one.stage === "done").length
  const owner = mine ? (session?.user?.number ?? null) : null
  const what = [q, sort, mine].join()
  const found = useLoad(
    async (signal) => {
      const starts = Array.from({ length: Math.ceil(count / MOST_AT_ONCE) }, (_, page) => page * MOST_AT_ONCE)
      const pages = starts.map((offset) =>
        samples.search({ q, owner, sort, limit: Math.min(count - offset, MOST_AT_ONCE), offset }, signal),
      )
      return (await Promise.all(pages)).flat()
    },
    [q, sort, owner, count, done],
    left.found === what ? left.items : null,
  )
  useEffect(() => void Object.assign(left, { typed, count }), [typed, count])
  useEffect(() => {
    if (found.value && !found.stale) Object.assign(left, { found: what, items: found.value })
  }, [found.value, found.stale])
  useShortcuts("Library", [
    ["/", "Search", () => field.current?.focus()],
    ["u", "Upload files", () => picker.current?.click()],
  ])
  return (
    <div class="page library">
      <header class="page-head">
        <h1>Library</h1>
        <Button icon="upload" kind="main" onClick={() => picker.current?.click()}>
          Upload
        </Button>
        <input
          ref={picker}
          class="unseen"
          type="file"
          multiple
          accept="audio/*,video/mp4,.flac,.aif,.aiff,.opus,.caf"
          aria-label="Choose audio files"
          tabIndex={-1}
          onChange={(event) => take(event.currentTarget)}
        />
      </header>
      <Tools field={field} typed={typed} sort={sort} mine={mine} onType={type} onView={change} />
      <Uploads all={sending} />
      <Problem text={found.problem} again={found.reload} />
      <List found={found} q={q} mine={mine} sending={sending} onUpload={() => picker.current?.click()} />
      {found.value && found.value.length >= count && (
        <p class="centred">
          <Button onClick={() => setCount(count + PAGE)} disabled={found.stale}>
            More
          </Button>
        </p>
      )}
    </div>
  )
}

interface ToolsProps {
  field: RefObject<HTMLInputElement | null>
  typed: string
  sort: string
  mine: boolean
  onType: (typed: string) => void
  onView: (next: { sort?: string; mine?: boolean }) => void
}

const Tools = ({ field, typed, sort, mine, onType, onView }: ToolsProps) => (
  <div class="tools" role="search">
    <label class="search">
      <Icon name="search" />
      <input
        ref={field}
        type="search"
        placeholder="Search by name or tag"
        aria-label="Search the library"
        value={typed}
        onInput={(event) => onType(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Escape" && (onType(""), event.currentTarget.blur())}
      />
      <kbd aria-hidden="true">/</kbd>
    </label>
    <select aria-label="Order" value={sort} onChange={(event) => onView({ sort: event.currentTarget.value })}>
      {Object.entries(ORDERS).map(([name, words]) => (
        <option key={name} value={name}>
          {words}
        </option>
      ))}
    </select>
    <div class="segments" role="group" aria-label="Whose songs">
      <button type="button" aria-pressed={mine} onClick={() => onView({ mine: true })}>
        Mine
      </button>
      <button type="button" aria-pressed={!mine} onClick={() => onView({ mine: false })}>
        Everyone's
      </button>
    </div>
  </div>
)

function take(input: HTMLInputElement): void {
  uploads.add([...(input.files ?? [])])
  input.value = ""
}

interface ListProps {
  found: Loaded<SampleItem[]>
  q: string
  mine: boolean
  sending: readonly Sending[]
  onUpload: () => void
}

function List({ found, q, mine, sending, onUpload }: ListProps) {
  const items = found.value
  if (!items) return found.problem ? null : <Waiting />
  if (!items.length && q)
    return (
      <Empty title={`Nothing matches "${q}"`}>
        <p>{mine ? "Try fewer letters, or look among everyone's songs." : "Try fewer letters, or other words."}</p>
      </Empty>
    )
  if (!items.length && sending.length) return null
  if (!items.length && !mine)
    return (
      <Empty title="Nobody shares a song yet">
        <p>What others here have made public shows up in this list.</p>
      </Empty>
    )
  if (!items.length)
    return (
      <Empty title="Nothing here yet">
        <p>
          Drop a song anywhere on this page, or choose one. Then split it into stems, see its chords, and mix it anew.
        </p>
        <Button icon="upload" kind="main" onClick={onUpload}>
          Choose files
        </Button>
      </Empty>
    )
  return <Songs items={items} mine={mine} stale={found.stale} onChange={found.reload} />
}
