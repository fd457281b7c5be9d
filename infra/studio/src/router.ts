/** Where one is: the part of the address after `#`, so that any server of files can serve the studio. */

import { useEffect, useState } from "preact/hooks"

export interface Place {
  page: string
  id: string
}

export function here(): Place {
  const [page = "", id = ""] = location.hash.replace(/^#\/?/, "").split("/")
  return { page: page || "library", id: decodeURIComponent(id) }
}

export const to = (page: string, id: string | number = ""): string =>
  `#/${page}${id === "" ? "" : `/${encodeURIComponent(id)}`}`

export function go(page: string, id: string | number = ""): void {
  location.hash = to(page, id)
}

export function usePlace(): Place {
  const [place, set] = useState(here())
  useEffect(() => {
    const moved = () => set(here())
    addEventListener("hashchange", moved)
    return () => removeEventListener("hashchange", moved)
  }, [])
  return place
}
