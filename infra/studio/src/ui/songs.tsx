/** Songs in a list: hear them, open them, choose several and do something with all of those. */

import { useState } from "preact/hooks"
import { samples } from "../api/endpoints"
import type { SampleItem } from "../api/types"
import { go, to } from "../router"
import { bpm, clock, day } from "./format"
import { Icon } from "./icons"
import { useShortcuts } from "./keys"
import { Ask, Button } from "./parts"
import { usePreview } from "./preview"
import { Picker } from "./separate"
import { Shape } from "./shape"

interface Props {
  items: SampleItem[]
  mine: boolean
  stale: boolean
  onChange: () => void
}

const many = (count: number): string => (count === 1 ? "1 song" : `${count} songs`)

export function Songs({ items, mine, stale, onChange }: Props) {
  const preview = usePreview()
  const [marked, mark] = useState<ReadonlySet<number>>(new Set())
  const chosen = mine ? items.filter((item) => marked.has(item.sample.id)) : []
  const turn = (id: number) => mark(new Set([...marked].filter((one) => one !== id).concat(marked.has(id) ? [] : id)))
  const focused = () => items.find((item) => item.sample.id === Number(inFocus()?.dataset["song"]))
  useShortcuts("Library", [
    ["ArrowDown / ArrowUp", "Next, previous song", (event) => step(event.key === "ArrowDown" ? 1 : -1)],
    ["p", "Listen to the song in focus", () => withOne(focused(), preview.toggle)],
    ["x", "Choose the song in focus", () => mine && withOne(focused(), (item) => turn(item.sample.id))],
  ])
  return (
    <>
      <table class={`songs ${chosen.length ? "choosing" : ""}`} aria-busy={stale}>
        <thead>
          <tr>
            {mine && (
              <th class="tight mark">
                <input
                  type="checkbox"
                  aria-label="Choose all songs shown"
                  checked={chosen.length === items.length}
                  onChange={() =>
                    mark(new Set(chosen.length === items.length ? [] : items.map((item) => item.sample.id)))
                  }
                />
              </th>
            )}
            <th class="tight">
              <span class="unseen">Listen</span>
            </th>
            <th>Name</th>
            <th class="shape-column">
              <span class="unseen">Shape</span>
            </th>
            <th class="number">BPM</th>
            <th class="key">Key</th>
            <th class="number">Length</th>
            <th class="when">Added</th>
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <Row
              key={item.sample.id}
              item={item}
              playing={preview.playing === item.sample.id}
              onPlay={() => preview.toggle(item)}
              {...(mine && { marked: marked.has(item.sample.id), onMark: () => turn(item.sample.id) })}
            />
          ))}
        </tbody>
      </table>
      {chosen.length > 0 && <Chosen items={chosen} onClear={() => mark(new Set())} onChange={onChange} />}
    </>
  )
}

const inFocus = (): HTMLElement | null => document.activeElement?.closest<HTMLElement>("tr[data-song]") ?? null

function withOne<T>(one: T | undefined, run: (one: T) => void): void {
  if (one !== undefined) run(one)
}

/** Move the focus from song to song. */
function step(by: number): void {
  const links = [...document.querySelectorAll<HTMLAnchorElement>(".songs .open")]
  const at = links.findIndex((link) => link.closest("tr") === inFocus())
  links[Math.min(Math.max(at + by, 0), links.length - 1)]?.focus()
}

interface RowProps {
  item: SampleItem
  playing: boolean
  /** Of songs that are not one's own there is nothing to choose. */
  marked?: boolean
  onPlay: () => void
  onMark?: () => void
}

function Row({ item, playing, marked, onPlay, onMark }: RowProps) {
  const { sample, audioInfo, tags, owner } = item
  const open = (event: MouseEvent) => !(event.target as Element).closest("a, button, .mark") && go("track", sample.id)
  return (
    <tr onClick={open} data-song={sample.id} class={marked ? "marked" : ""}>
      {onMark && (
        <td class="tight mark">
          <input type="checkbox" aria-label={`Choose ${sample.name}`} checked={marked ?? false} onChange={onMark} />
        </td>
      )}
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
        <a class="open" href={to("track", sample.id)} title={sample.name} dir="auto">
          {sample.name}
        </a>
        <span class="sub">{[!onMark && owner.userName, ...tags].filter(Boolean).join(" · ")}</span>
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

/** What can be done with those that were chosen. */
function Chosen({ items, onClear, onChange }: { items: SampleItem[]; onClear: () => void; onChange: () => void }) {
  const [doing, setDoing] = useState<"separate" | "delete" | null>(null)
  const removed = async () => {
    try {
      for (const item of items) await samples.remove(item.sample.id)
      onClear()
    } finally {
      onChange()
    }
  }
  return (
    <div class="picked" role="group" aria-label="Chosen songs">
      <strong role="status">{many(items.length)} chosen</strong>
      <span class="fill" />
      <Button icon="split" onClick={() => setDoing("separate")}>
        Separate
      </Button>
      <Button icon="bin" onClick={() => setDoing("delete")}>
        Delete
      </Button>
      <Button kind="quiet" onClick={onClear}>
        Clear
      </Button>
      {doing === "separate" && (
        <Picker
          audioIds={items.map((item) => item.sample.audioId)}
          onClose={() => setDoing(null)}
          onDone={() => go("jobs")}
        />
      )}
      {doing === "delete" && (
        <Ask
          title={`Delete ${many(items.length)}?`}
          act={`Delete ${many(items.length)}`}
          run={removed}
          onClose={() => setDoing(null)}
        >
          They and their audio cannot be had back. Stems that were made of them stay with their jobs.
        </Ask>
      )}
    </div>
  )
}
