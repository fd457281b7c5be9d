/** A job as it gets on. */

import { useEffect, useRef, useState } from "preact/hooks"
import { follow, type News } from "../api/live"
import { isOver, type ListedJob } from "../api/types"
import { timeLeft } from "./format"
import { Progress } from "./parts"

const standing = ({ id, state, progress, failure }: ListedJob): News => ({
  id,
  state,
  progress,
  job: null,
  problem: failure?.message ?? null,
})

/** How a job stands: as it was listed, then as it is told. */
export function useFollowed(job: ListedJob): News {
  const [news, set] = useState<News>(() => standing(job))
  useEffect(() => {
    if (isOver(job.state)) return set(standing(job))
    return follow(job.id, set)
  }, [job.id, isOver(job.state)])
  return news
}

const LOOK_S = 3
const LOOK_SHARE = 0.04

/** Seconds until `progress` is 1, by how it got on since it was first seen; null while that says nothing. */
export function useTimeLeft(progress: number): number | null {
  const first = useRef({ at: 0, progress: 2 })
  const now = performance.now()
  if (progress > 0 && progress < first.current.progress) first.current = { at: now, progress }
  const gone_s = (now - first.current.at) / 1000
  const done = progress - first.current.progress
  return gone_s < LOOK_S || done < LOOK_SHARE || progress >= 1 ? null : (gone_s * (1 - progress)) / done
}

/** The bar of something under way, how far it is and how long it will take. */
export function Live({ now, label, doing }: { now: Pick<News, "state" | "progress">; label: string; doing?: string }) {
  const left_s = useTimeLeft(now.progress)
  const share = `${Math.round(now.progress * 100)} %`
  const told = [doing ? `${doing}, ${share}` : share, left_s === null ? "" : timeLeft(left_s)].filter(Boolean)
  return (
    <div class="live" role="status">
      <Progress value={now.progress} label={label} />
      <span>{now.state === "queued" ? "Waiting for a machine" : told.join(", ")}</span>
    </div>
  )
}
