/** Times, numbers and names for people. */

/** The name of a song whose name is that of a file. */
export const bare = (name: string): string => name.replace(/\.(wav|flac|mp3|m4a|ogg|opus|aiff?|aac)$/i, "")

export function clock(seconds: number | null | undefined, tenths = false): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "-"
  const whole = Math.floor(seconds)
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60]
  const end = `${String(rest).padStart(2, "0")}${tenths ? `.${Math.floor((seconds - whole) * 10)}` : ""}`
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${end}` : `${minutes}:${end}`
}

export function day(iso: string | null): string {
  if (!iso) return ""
  const at = new Date(iso)
  const today = new Date()
  const near = at.toDateString() === today.toDateString()
  return near
    ? at.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" })
    : at.toLocaleDateString(undefined, {
        day: "numeric",
        month: "short",
        ...(at.getFullYear() !== today.getFullYear() && { year: "numeric" }),
      })
}

export const moment = (iso: string | null): string => (iso ? new Date(iso).toLocaleString() : "")

export function took(from: string | null, to: string | null): string {
  if (!from || !to) return ""
  const seconds = (Date.parse(to) - Date.parse(from)) / 1000
  return seconds < 60 ? `${seconds.toFixed(1)} s` : clock(seconds)
}

/** How long something will take, no finer than anybody knows. */
export function timeLeft(seconds: number): string {
  if (seconds < 10) return "a few seconds left"
  if (seconds < 55) return `about ${Math.ceil(seconds / 10) * 10} s left`
  return seconds < 5400 ? `about ${Math.ceil(seconds / 60)} min left` : `about ${Math.round(seconds / 3600)} h left`
}

export const bpm = (value: number | null | undefined): string => (value ? value.toFixed(value % 1 < 0.05 ? 0 : 1) : "-")

export const decibels = (linear: number): string => (linear <= 0 ? "-inf" : `${(20 * Math.log10(linear)).toFixed(1)}`)

/** A chord of an analysis as a musician writes it: "A:min" is Am. */
export function chord(label: string): string {
  if (label === "N") return ""
  const [root = "", kind = ""] = label.split(":")
  return root + ({ maj: "", min: "m", maj7: "maj7", min7: "m7", dim: "dim", aug: "+" }[kind] ?? kind)
}

export const titled = (text: string): string =>
  text.charAt(0).toUpperCase() + text.slice(1).replaceAll("_", " ").replaceAll("-", " ")
