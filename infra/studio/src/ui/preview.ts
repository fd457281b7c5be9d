/** Hear a song of a list, one at a time. */

import { useEffect, useRef, useState } from "preact/hooks"
import { ask } from "../api/http"
import type { SampleItem } from "../api/types"

export function usePreview(): { playing: number | null; toggle: (item: SampleItem) => void } {
  const [playing, set] = useState<number | null>(null)
  const audio = useRef<HTMLAudioElement | null>(null)
  useEffect(() => () => audio.current?.pause(), [])
  const toggle = (item: SampleItem) => {
    const id = item.sample.id
    audio.current?.pause()
    if (playing === id) return set(null)
    set(id)
    const wanted = new Audio()
    audio.current = wanted
    wanted.onended = wanted.onerror = () => set((now) => (now === id ? null : now))
    ask<{ url: string }>(`/sample/${id}/preview/${item.sample.audioId}`)
      .then(({ url }) => {
        if (audio.current !== wanted) return
        wanted.src = url
        return wanted.play()
      })
      .catch(() => set((now) => (now === id ? null : now)))
  }
  return { playing, toggle }
}
