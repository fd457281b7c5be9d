/** Mixes of stems, made where the stems are: only how they are mixed is sent. */

import type { Manifest } from "../audio/mixer"
import { bytes } from "./endpoints"
import { ask } from "./http"
import { follow, type News } from "./live"
import type { Job } from "./types"

const MIX = "mix.wav"

/** The mix of a job's stems as a file; `tell` hears how it gets on. Throws what went wrong, in words for people. */
export async function mixed(
  jobId: string,
  told: Manifest,
  tell: (news: News) => void,
  signal: AbortSignal,
): Promise<Blob> {
  const form = new FormData()
  form.append("job_id", jobId)
  form.append("manifest", JSON.stringify(told))
  const wish = { method: "POST", form, headers: { prefer: "respond-async" }, signal } as const
  const made = (await ask<{ data: { job_id: string } }>("/api/daw/export", wish)).data
  const job = await ended(made.job_id, tell, signal)
  const url = job.outputs.find((one) => one.name === MIX)?.url
  if (job.state !== "succeeded" || !url) throw new Error(job.failure?.message ?? "The mix was cancelled.")
  return new Blob([await bytes(url, signal)], { type: "audio/wav" })
}

function ended(jobId: string, tell: (news: News) => void, signal: AbortSignal): Promise<Job> {
  return new Promise((resolve, reject) => {
    const stop = follow(jobId, (news) => {
      tell(news)
      if (news.job) resolve(news.job)
      else if (news.problem) reject(new Error(news.problem))
    })
    signal.addEventListener("abort", () => {
      stop()
      reject(new DOMException("stopped", "AbortError"))
    })
  })
}
