/** What the API answers, as far as the studio looks at it. */

export interface SampleItem {
  sample: {
    id: number
    name: string
    created: string
    audioId: string
    ownerId: number
    public: boolean
    scale: string | null
  }
  owner: { id: number; userName: string }
  tags: string[]
  audioInfo: { id: string; duration: number | null; bpm: number | null }
  liked: boolean
  likes: number
}

export interface SampleDetails extends SampleItem {
  processing: boolean
  error: string | null
  /** Greatest absolute value of each of at most 200 stretches, 0 to 1. */
  peaks: number[]
}

export interface Asset {
  id: string
  name: string
  state: "pending" | "ready" | "rejected"
  reason: string | null
  audio: { duration_s?: number; sample_rate_hz?: number; channels?: number; codec?: string } | null
  size_bytes: number | null
  download_url: string | null
}

export interface Upload {
  asset_id: string
  put_url: string | null
  parts: { upload_id: string; part_bytes: number; urls: string[] } | null
}

export type JobState = "queued" | "started" | "succeeded" | "failed" | "cancelled"

export interface Output {
  name: string
  url: string | null
  value: unknown
  media_type: string
  size_bytes: number | null
}

export interface ListedJob {
  id: string
  name: string
  batch_name: string | null
  workflow: string
  dialect: string
  params: Record<string, unknown>
  metadata: Record<string, unknown>
  input_asset_id: string | null
  state: JobState
  progress: number
  failure: { kind: string; message: string } | null
  audio_s: number | null
  cost_usd: number | null
  created_at: string
  started_at: string | null
  completed_at: string | null
}

export interface Job extends ListedJob {
  outputs: Output[]
  steps: { name: string; model: string | null; state: string; engine_s: number; reused: boolean }[]
}

export interface Page<T> {
  items: T[]
  next: string | null
}

export interface SeparationModel {
  name: string
  description: string
  stems: number
  available: boolean
  /** Where it is no model here, but a service elsewhere. */
  engine?: "lalalai"
}

export interface Key {
  id: string
  name: string
  prefix: string
  scopes: string[]
  usable: boolean
  created_at: string
  expires_at: string | null
  revoked_at: string | null
}

export interface NewKey extends Key {
  secret: string
}

export interface Webhook {
  id: string
  url: string
  events: string[]
  enabled: boolean
  disabled_reason: string | null
  created_at: string
}

export interface NewWebhook extends Webhook {
  secret: string
}

export interface Span {
  start_s: number
  end_s: number
  label: string
}

/** The document of an analysis; what was not looked for is not there. */
export interface Analysis {
  duration_s: number
  tempo?: { bpm: number | null; confidence: number | null; meter: number | null }
  beats?: number[]
  downbeats?: number[]
  key?: { name: string | null; confidence: number | null } | null
  loudness?: { integrated_lufs: number | null; true_peak_dbtp: number | null }
  structure?: Span[]
  chords?: Span[]
}

/** The document of a composition. */
export interface Composition {
  key: string
  tempo_bpm: number
  duration_s: number
  chords: Span[]
  sections: { start_s: number; length_s: number; emotion: string }[]
  parts: { name: string; instrument: string; stem: string; notes: number }[]
}

/** How a job is shown; `gone` is one that was deleted while somebody watched it. */
export type Shown = JobState | "gone"

export const isOver = (state: Shown): boolean => state !== "queued" && state !== "started"
