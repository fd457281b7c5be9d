/** The API's routes that the studio uses, each as a function. */

import { ask } from "./http"
import type {
  Asset,
  Job,
  Key,
  ListedJob,
  NewKey,
  NewWebhook,
  Page,
  SampleDetails,
  SampleItem,
  SeparationModel,
  Upload,
  Webhook,
} from "./types"

const BASE = "/patchbay/v1"

type Values = Record<string, string | number | boolean | readonly string[] | null | undefined>

function query(values: Values): string {
  const told = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== null && each !== undefined && each !== "") told.append(name, String(each))
    }
  }
  return told.size ? `?${told}` : ""
}

/** Of a track: separations and analyses of the same audio belong together, in whichever dialect they were ordered. */
export const batchOf = (audioId: string): string => `track-${audioId}`

export interface Search {
  q: string
  owner: number | null
  sort: string
  bpmMin?: number | null
  bpmMax?: number | null
  scale?: string
  limit: number
  offset: number
}

export const samples = {
  search: (wanted: Search, signal?: AbortSignal) =>
    ask<SampleItem[]>(
      `/sample${query({
        q: wanted.q,
        owner_id: wanted.owner,
        sort: wanted.sort,
        bpm_min: wanted.bpmMin,
        bpm_max: wanted.bpmMax,
        scale: wanted.scale,
        limit: wanted.limit,
        offset: wanted.offset,
      })}`,
      signal ? { signal } : {},
    ),
  get: (id: number) => ask<SampleDetails>(`/sample/${id}`),
  create: (uploadId: string, name: string) =>
    ask<{ sampleId: number; audioId: string; processing: boolean }>("/sample/audio", {
      method: "POST",
      json: { uploadId, name },
    }),
  rename: (id: number, name: string) => ask<SampleItem>(`/sample/${id}/rename`, { method: "PATCH", json: { name } }),
  remove: (id: number) => ask<{ id: number }>(`/sample/${id}`, { method: "DELETE" }),
}

export const assets = {
  get: (id: string) => ask<Asset>(`${BASE}/assets/${id}`),
  upload: (name: string, size_bytes: number, method: "put" | "parts") =>
    ask<Upload>(`${BASE}/uploads`, { method: "POST", json: { name, size_bytes, method } }),
  complete: (id: string, upload_id: string, etags: string[]) =>
    ask<Asset>(`${BASE}/uploads/${id}/complete`, { method: "POST", json: { upload_id, etags } }),
}

export interface JobOrder {
  workflow: string
  params?: Record<string, unknown>
  input?: { asset_id: string } | { url: string }
  name?: string
  batch_name?: string
  metadata?: Record<string, unknown>
}

export interface JobQuery {
  state?: readonly string[]
  workflow?: readonly string[]
  batch_name?: string
  dialect?: string
  limit?: number
  cursor?: string | null
}

export const jobs = {
  list: async (wanted: JobQuery): Promise<Page<ListedJob>> => {
    const page = await ask<{ jobs: ListedJob[]; next_cursor: string | null }>(`${BASE}/jobs${query({ ...wanted })}`)
    return { items: page.jobs, next: page.next_cursor }
  },
  get: (id: string, signal?: AbortSignal) => ask<Job>(`${BASE}/jobs/${id}`, signal ? { signal } : {}),
  wait: (job: { id: string; state: string; progress: number }, wait_s: number, signal: AbortSignal) =>
    ask<Job>(`${BASE}/jobs/${job.id}${query({ wait_s, after_state: job.state, after_progress: job.progress })}`, {
      signal,
    }),
  order: (order: JobOrder) => ask<Job>(`${BASE}/jobs`, { method: "POST", json: order }),
  cancel: (id: string) => ask<Job>(`${BASE}/jobs/${id}/cancel`, { method: "POST" }),
  remove: (id: string) => ask<{ id: string }>(`${BASE}/jobs/${id}`, { method: "DELETE" }),
}

interface Engines {
  models: SeparationModel[]
  engines?: { name: string; available: boolean; stems: number[] }[]
}

/** LALAL.AI beside the models, for those who have a key there: once for each number of stems that it makes. */
const elsewhere = ({ engines }: Engines): SeparationModel[] =>
  (engines?.find((one) => one.name === "lalalai" && one.available)?.stems ?? []).map((stems) => ({
    name: "LALAL.AI",
    description: `The song is sent there; each minute of it costs ${stems < 4 ? "a minute" : `${stems === 4 ? 3 : stems} minutes`} of yours`,
    stems,
    available: true,
    engine: "lalalai",
  }))

export const processing = {
  models: async () => {
    const { data } = await ask<{ data: Engines }>("/api/processing/models")
    return [...data.models, ...elsewhere(data)]
  },
  separate: async (track_id: string, { engine, name, stems }: SeparationModel) => {
    const json = engine ? { track_id, engine, stems } : { track_id, model: name }
    const made = await ask<{ data: { job_id: string } }>("/api/processing/separate", { method: "POST", json })
    return made.data.job_id
  },
}

interface KeyPage {
  keys: Key[]
  next_cursor: string | null
}

export const keys = {
  all: async (): Promise<Key[]> => {
    const found: Key[] = []
    let cursor: string | null = null
    do {
      const page: KeyPage = await ask<KeyPage>(`${BASE}/keys${query({ limit: 50, cursor })}`)
      found.push(...page.keys)
      cursor = page.next_cursor
    } while (cursor)
    return found
  },
  create: (order: { name: string; scopes: string[]; expires_at?: string }) =>
    ask<NewKey>(`${BASE}/keys`, { method: "POST", json: order }),
  rotate: (id: string) => ask<NewKey>(`${BASE}/keys/${id}/rotate`, { method: "POST", json: { keep_old_for_s: 3600 } }),
  revoke: (id: string) => ask<Key>(`${BASE}/keys/${id}`, { method: "DELETE" }),
}

/** Twenty at most, so all of them at once. */
export const webhooks = {
  list: async () => (await ask<{ webhooks: Webhook[] }>(`${BASE}/webhooks`)).webhooks,
  create: (order: { url: string; events: string[] }) =>
    ask<NewWebhook>(`${BASE}/webhooks`, { method: "POST", json: order }),
  change: (id: string, change: { enabled: boolean }) =>
    ask<Webhook>(`${BASE}/webhooks/${id}`, { method: "PATCH", json: change }),
  remove: (id: string) => ask<{ id: string }>(`${BASE}/webhooks/${id}`, { method: "DELETE" }),
  test: (id: string) => ask<unknown>(`${BASE}/webhooks/${id}/test`, { method: "POST" }),
}

/** A file by its link: presigned, so without the session's cookie. */
export async function bytes(url: string, signal?: AbortSignal): Promise<ArrayBuffer> {
  const answer = await fetch(url, { credentials: "omit", ...(signal && { signal }) })
  if (!answer.ok) throw new Error(`The file could not be read (${answer.status}).`)
  return answer.arrayBuffer()
}

export async function document_<T>(url: string): Promise<T> {
  return JSON.parse(new TextDecoder().decode(await bytes(url))) as T
}
