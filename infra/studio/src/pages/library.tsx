/** The library: find songs as you type, bring new ones by dropping them anywhere. */

import type { RefObject } from "preact"
import { useEffect, useRef, useState } from "preact/hooks"
import { samples } from "../api/endpoints"
import type { SampleItem } from "../api/types"
import { type Sending, uploads } from "../api/uploads"
import { go, to } from "../router"
import { bpm, clock, day } from "../ui/format"
import { useLoad, useSettled, useStanding, useTitle, useUploads } from "../ui/hooks"
import { Icon } from "../ui/icons"
import { useShortcuts } from "../ui/keys"
import { Button, Empty, Problem, Waiting } from "../ui/parts"
import { Shape } from "../ui/shape"
import { Uploads } from "../ui/upload-list"
import { usePreview } from "../ui/preview"

const PAGE = 50
const MOST_AT_ONCE = 100

export function Library() {
  useTitle("Library")
  const { session } = useStanding()
  const [typed, type] = useState("")
  const [sort, setSort] = useState("latest")
  const [mine, setMine] = useState(true)
  const [count, setCount] = useState(PAGE)
  const q = useSettled(typed.trim(), 180)
  const field = useRef<HTMLInputElement>(null)
  const picker = useRef<HTMLInputElement>(null)
  const sending = useUploads()
  const done = sending.filter((one) => one.stage === "done").length
  const owner = mine ? (session?.user?.number ?? null) : null
  const found = useLoad(
    async (signal) => {
      const starts = Array.from({ length: Math.ceil(count / MOST_AT_ONCE) }, (_, page) => page * MOST_AT_ONCE)
      const pages = starts.map((offset) =>
        samples.search({ q, owner, sort, limit: Math.min(count - offset, MOST_AT_ONCE), offset }, signal),
      )
      return (await Promise.all(pages)).flat()
    },
    [q, sort, owner, count, done],
  )
  useShortcuts("Library", [
    ["/", "Search", () => field.current?.focus()],
    ["u", "Upload files", () => picker.current?.click()],
    ["ArrowDown / ArrowUp", "Next, previous song", (event) => step(event.key === "ArrowDown" ? 1 : -1)],
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
      <DropArea />
      <Tools field={field} typed={typed} sort={sort} mine={mine} onType={type} onSort={setSort} onMine={setMine} />
      <Uploads all={sending} />
      <Problem text={found.problem} again={found.reload} />
      <List
        items={found.value}
        problem={found.problem}
        q={q}
        mine={mine}
        sending={sending}
        onUpload={() => picker.current?.click()}
      />
      {found.value && found.value.length >= count && (
        <p class="centred">
          <Button onClick={() => setCount(count + PAGE)}>More</Button>
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
  onSort: (sort: string) => void
  onMine: (mine: boolean) => void
}

const Tools = ({ field, typed, sort, mine, onType, onSort, onMine }: ToolsProps) => (
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
      />
      <kbd aria-hidden="true">/</kbd>
    </label>
    <select aria-label="Order" value={sort} onChange={(event) => onSort(event.currentTarget.value)}>
      <option value="latest">Newest first</option>
      <option value="oldest">Oldest first</option>
      <option value="name">By name</option>
      <option value="popular">Most liked</option>
    </select>
    <div class="segments" role="group" aria-label="Whose songs">
      <button type="button" aria-pressed={mine} onClick={() => onMine(true)}>
        Mine
      </button>
      <button type="button" aria-pressed={!mine} onClick={() => onMine(false)}>
        Everyone's
      </button>
    </div>
  </div>
)

function take(input: HTMLInputElement): void {
  uploads.add([...(input.files ?? [])])
  input.value = ""
}

/** Move the focus from song to song. */
function step(by: number): void {
  const links = [...document.querySelectorAll<HTMLAnchorElement>(".songs .open")]
  const at = links.findIndex((link) => link === document.activeElement)
  links[Math.min(Math.max(at + by, 0), links.length - 1)]?.focus()
}

/** The whole window takes files. */
function DropArea() {
  const [over, setOver] = useState(false)
  useEffect(() => {
    let depth = 0
    const has = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false
    const enter = (event: DragEvent) => has(event) && (depth++, setOver(true))
    const leave = (event: DragEvent) => has(event) && --depth <= 0 && setOver(false)
    const above = (event: DragEvent) => has(event) && event.preventDefault()
    const drop = (event: DragEvent) => {
      if (!has(event)) return
      event.preventDefault()
      depth = 0
      setOver(false)
      uploads.add([...(event.dataTransfer?.files ?? [])])
    }
    const all = Object.entries({ dragenter: enter, dragleave: leave, dragover: above, drop }) as [
      keyof WindowEventMap,
      EventListener,
    ][]
    for (const [name, run] of all) addEventListener(name, run)
    return () => {
      for (const [name, run] of all) removeEventListener(name, run)
    }
  }, [])
  return over ? (
    <div class="drop" aria-hidden="true">
      <Icon name="upload" />
      Drop songs to add them
    </div>
  ) : null
}

function List({
  items,
  problem,
  q,
  mine,
  sending,
  onUpload,
}: {
  items: SampleItem[] | null
  problem: string | null
  q: string
  mine: boolean
  sending: readonly Sending[]
  onUpload: () => void
}) {
  if (!items) return problem ? null : <Waiting />
  if (!items.length && q)
    return (
      <Empty title={`Nothing matches "${q}"`}>
        <p>Try fewer letters, or look among everyone's songs.</p>
      </Empty>
    )
  if (!items.length && sending.length) return null
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
  return <Songs items={items} mine={mine} />
}

function Songs({ items, mine }: { items: SampleItem[]; mine: boolean }) {
  const preview = usePreview()
  return (
    <table class="songs">
      <thead>
        <tr>
          <th class="tight">
            <span class="unseen">Listen</span>
          </th>
          <th>Name</th>
          <th class="shape-column">
            <span class="unseen">Shape</span>
          </th>
          <th class="number">BPM</th>
          <th>Key</th>
          <th class="number">Length</th>
          <th class="when">Added</th>
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <Row
            key={item.sample.id}
            item={item}
            mine={mine}
            playing={preview.playing === item.sample.id}
            onPlay={() => preview.toggle(item)}
          />
        ))}
      </tbody>
    </table>
  )
}

interface RowProps {
  item: SampleItem
  mine: boolean
  playing: boolean
  onPlay: () => void
}

function Row({ item, mine, playing, onPlay }: RowProps) {
  const { sample, audioInfo, tags, owner } = item
  const open = (event: MouseEvent) => !(event.target as Element).closest("a, button") && go("track", sample.id)
  return (
    <tr onClick={open}>
      <td class="tight">
        <button
          type="button"
          class={`icon-button ${playing ? "on" : ""}`}
          aria-label={`${playing ? "Stop" : "Listen to"} ${sample.name}`}
          onClick={onPlay}
        >
          <Icon name={playing ? "pause" : "play"} />
        </button>
      </td>
      <td class="name">
        <a class="open" href={to("track", sample.id)} title={sample.name}>
          {sample.name}
        </a>
        <span class="sub">{[!mine && owner.userName, ...tags].filter(Boolean).join(" · ")}</span>
      </td>
      <td class="shape-column">
        <Shape sampleId={sample.id} />
      </td>
      <td class="number">{bpm(audioInfo.bpm)}</td>
      <td class="key">{sample.scale ?? "-"}</td>
      <td class="number">{clock(audioInfo.duration)}</td>
      <td class="when">{day(sample.created)}</td>
    </tr>
  )
}
