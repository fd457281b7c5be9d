/** Compose: music from words or by hand, in several versions, with its notes. */

import { useState } from "preact/hooks"
import { type JobOrder, jobs } from "../api/endpoints"
import { Refused } from "../api/http"
import type { ListedJob, Page } from "../api/types"
import { useAction, useLoad, useTitle } from "../ui/hooks"
import { useShortcuts } from "../ui/keys"
import { Button, Empty, Field, Problem, Waiting } from "../ui/parts"
import { Piece } from "../ui/piece"
import { titled } from "../ui/format"

const GENRES = ["ambient", "cinematic", "electronic", "hiphop", "indian", "indie", "pop", "rnb"]
const EMOTIONS = [
  "calm",
  "happy",
  "sad",
  "dreamy",
  "energetic",
  "inspirational",
  "joyful",
  "motivational",
  "relaxing",
  "tense",
  "triumphant",
  "cheerful",
  "angry",
  "scary",
  "fearful",
  "depressing",
]
const KEYS = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"].flatMap((tonic) => [
  `${tonic} major`,
  `${tonic} minor`,
])
const EXAMPLES = [
  "Calm indian music with sitar and tabla",
  "Triumphant cinematic strings that grow slowly",
  "Lo-fi hip hop with a soft piano at 82 bpm",
  "Bright pop in G major, happy, with guitars",
]
const PAGE = 40

interface Draft {
  by: "words" | "hand"
  prompt: string
  genre: string
  emotion: string
  tempo: string
  key: string
  duration: number
  versions: number
}

const EMPTY: Draft = {
  by: "words",
  prompt: "",
  genre: "cinematic",
  emotion: "calm",
  tempo: "medium",
  key: "",
  duration: 30,
  versions: 2,
}

/** What was typed stays, whatever happens to the page. */
function useDraft(): [Draft, (next: Partial<Draft>) => void] {
  const [draft, set] = useState<Draft>(() => {
    try {
      return { ...EMPTY, ...(JSON.parse(sessionStorage.getItem("compose") ?? "{}") as Partial<Draft>) }
    } catch {
      return EMPTY
    }
  })
  const change = (next: Partial<Draft>) => {
    const changed = { ...draft, ...next }
    set(changed)
    sessionStorage.setItem("compose", JSON.stringify(changed))
  }
  return [draft, change]
}

/** Order each version as a job of its own: another seed gives another piece. */
async function order(draft: Draft): Promise<void> {
  const batch_name = `studio-${crypto.randomUUID()}`
  const first = Math.floor(Math.random() * 1_000_000)
  const words = draft.by === "words"
  const shared = words
    ? { prompt: draft.prompt.trim(), duration_s: draft.duration, formats: ["mp3", "wav"], stems: true }
    : {
        genre: draft.genre,
        tempo: draft.tempo,
        duration_s: draft.duration,
        sections: [{ emotion: draft.emotion, start_s: 0, length_s: draft.duration }],
        formats: ["mp3", "wav"],
        stems: true,
        ...(draft.key && { key: draft.key }),
      }
  const name = words
    ? draft.prompt.trim().slice(0, 120)
    : `${titled(draft.emotion)} ${draft.genre}${draft.key ? ` in ${draft.key}` : ""}`
  for (let version = 0; version < draft.versions; version++) {
    await withStems({
      workflow: words ? "generate" : "compose",
      params: { ...shared, seed: first + version },
      name,
      batch_name,
      metadata: { version },
    })
  }
}

/** What is made of parts comes with them; a model that makes music in one piece says so, and is asked for that. */
async function withStems(order: JobOrder): Promise<void> {
  try {
    await jobs.order(order)
  } catch (error) {
    if (!(error instanceof Refused && error.field === "params.stems")) throw error
    const { stems: _, ...params } = order.params ?? {}
    await jobs.order({ ...order, params })
  }
}

export function Compose() {
  useTitle("Compose")
  const [draft, change] = useDraft()
  const [count, setCount] = useState(PAGE)
  const list = useLoad(() => newest(count), [count])
  const send = useAction(async () => {
    await order(draft)
    list.reload()
  })
  useShortcuts("Compose", [
    [
      "n",
      "Write a new prompt",
      () => document.querySelector<HTMLElement>(".compose textarea, .compose select")?.focus(),
    ],
  ])
  const pieces = grouped(list.value?.items ?? [])
  return (
    <div class="page compose">
      <header class="page-head">
        <h1>Compose</h1>
      </header>
      <div class="split">
        <Form draft={draft} onChange={change} onSend={send.go} busy={send.busy} problem={send.problem} />
        <section class="pieces" aria-label="Pieces">
          <Problem text={list.problem} again={list.reload} />
          {!list.value && !list.problem && <Waiting />}
          {list.value && !pieces.length && (
            <Empty title="No pieces yet">
              <p>Say what you would like to hear, or start from one of these.</p>
              <p class="examples">
                {EXAMPLES.map((text) => (
                  <button type="button" class="chip" key={text} onClick={() => change({ by: "words", prompt: text })}>
                    {text}
                  </button>
                ))}
              </p>
            </Empty>
          )}
          {pieces.map((versions) => (
            <Piece key={versions[0]?.batch_name ?? versions[0]?.id} versions={versions} />
          ))}
          {list.value?.next && (
            <p class="centred">
              <Button onClick={() => setCount(count + PAGE)} disabled={list.stale}>
                Older
              </Button>
            </p>
          )}
        </section>
      </div>
    </div>
  )
}

/** So many pieces, and whether there are more. */
async function newest(count: number): Promise<Page<ListedJob>> {
  const items: ListedJob[] = []
  let next: string | null = null
  do {
    const page: Page<ListedJob> = await jobs.list({ workflow: ["generate", "compose"], limit: PAGE, cursor: next })
    items.push(...page.items)
    next = page.next
  } while (next && items.length < count)
  return { items, next }
}

/** Versions of one order together, the first of them first. */
function grouped(all: ListedJob[]): ListedJob[][] {
  return [...Map.groupBy(all, (job) => job.batch_name ?? job.id).values()].map((versions) => versions.reverse())
}

interface FormProps {
  draft: Draft
  busy: boolean
  problem: string | null
  onChange: (next: Partial<Draft>) => void
  onSend: () => void
}

function Form({ draft, busy, problem, onChange, onSend }: FormProps) {
  const words = draft.by === "words"
  return (
    <form
      class="panel order"
      onSubmit={(event) => {
        event.preventDefault()
        onSend()
      }}
    >
      <div class="segments" role="group" aria-label="How to say it">
        <button type="button" aria-pressed={words} onClick={() => onChange({ by: "words" })}>
          In words
        </button>
        <button type="button" aria-pressed={!words} onClick={() => onChange({ by: "hand" })}>
          By hand
        </button>
      </div>
      {words ? (
        <Prompt draft={draft} onChange={onChange} onSend={onSend} />
      ) : (
        <Wishes draft={draft} onChange={onChange} />
      )}
      <div class="pair">
        <Field label={`Length: ${draft.duration} s`}>
          {(id) => (
            <input
              id={id}
              type="range"
              min="10"
              max="180"
              step="5"
              value={draft.duration}
              onInput={(event) => onChange({ duration: event.currentTarget.valueAsNumber })}
            />
          )}
        </Field>
        <Field label={`Versions: ${draft.versions}`}>
          {(id) => (
            <input
              id={id}
              type="range"
              min="1"
              max="4"
              step="1"
              value={draft.versions}
              onInput={(event) => onChange({ versions: event.currentTarget.valueAsNumber })}
            />
          )}
        </Field>
      </div>
      <Problem text={problem} />
      <Button kind="main" type="submit" icon="compose" disabled={busy || (words && !draft.prompt.trim())}>
        {busy ? "Ordering" : "Compose"}
      </Button>
    </form>
  )
}

const Prompt = ({ draft, onChange, onSend }: Pick<FormProps, "draft" | "onChange" | "onSend">) => (
  <Field
    label="What you would like to hear"
    hint="Genre, mood, instruments, tempo, key: what is left out is chosen for you"
  >
    {(id, hint) => (
      <textarea
        id={id}
        aria-describedby={hint}
        rows={5}
        maxLength={2000}
        value={draft.prompt}
        onInput={(event) => onChange({ prompt: event.currentTarget.value })}
        onKeyDown={(event) =>
          event.key === "Enter" && (event.ctrlKey || event.metaKey) && draft.prompt.trim() && onSend()
        }
      />
    )}
  </Field>
)

function Wishes({ draft, onChange }: Pick<FormProps, "draft" | "onChange">) {
  const lists: [keyof Draft, string, string[]][] = [
    ["genre", "Genre", GENRES],
    ["emotion", "Mood", EMOTIONS],
    ["tempo", "Tempo", ["slow", "medium", "fast"]],
  ]
  return (
    <div class="wishes">
      {lists.map(([name, label, all]) => (
        <Field key={name} label={label}>
          {(id) => (
            <select
              id={id}
              value={String(draft[name])}
              onChange={(event) => onChange({ [name]: event.currentTarget.value })}
            >
              {all.map((one) => (
                <option key={one} value={one}>
                  {titled(one)}
                </option>
              ))}
            </select>
          )}
        </Field>
      ))}
      <Field label="Key">
        {(id) => (
          <select id={id} value={draft.key} onChange={(event) => onChange({ key: event.currentTarget.value })}>
            <option value="">Free</option>
            {KEYS.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        )}
      </Field>
    </div>
  )
}
