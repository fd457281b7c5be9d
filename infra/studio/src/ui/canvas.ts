/** Pictures of sound. */

/** Make a canvas as fine as the screen; gives its pen, in CSS pixels. */
export function pen(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | null {
  const ratio = Math.min(devicePixelRatio || 1, 2)
  const [wide, high] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))]
  if (canvas.width !== wide) canvas.width = wide
  if (canvas.height !== high) canvas.height = high
  const context = canvas.getContext("2d")
  context?.setTransform(ratio, 0, 0, ratio, 0, 0)
  context?.clearRect(0, 0, width, height)
  return context
}

export function wave(
  context: CanvasRenderingContext2D,
  low: ArrayLike<number>,
  high: ArrayLike<number>,
  box: { width: number; height: number },
  colour: string,
): void {
  const middle = box.height / 2
  const step = box.width / high.length
  context.fillStyle = colour
  context.beginPath()
  for (let at = 0; at < high.length; at++) {
    const top = middle - (high[at] ?? 0) * (middle - 2)
    const bottom = middle - (low[at] ?? 0) * (middle - 2)
    context.rect(at * step, top, Math.max(step * 0.999, 0.5), Math.max(bottom - top, 1))
  }
  context.fill()
}

/** Colours of a spectrogram: dark, violet, amber, pale; 256 of them, as bytes. */
export const HEAT: Uint8ClampedArray = heat()

function heat(): Uint8ClampedArray {
  const stops = [
    [0, 14, 16, 20],
    [0.3, 38, 26, 74],
    [0.55, 132, 44, 96],
    [0.78, 226, 112, 52],
    [0.92, 246, 190, 88],
    [1, 255, 246, 214],
  ] as const
  const table = new Uint8ClampedArray(256 * 4)
  for (let level = 0; level < 256; level++) {
    const at = level / 255
    const upper = Math.max(
      1,
      stops.findIndex((stop) => stop[0] >= at),
    )
    const [from, to] = [stops[upper - 1] ?? stops[0], stops[upper] ?? stops[1]]
    const share = (at - from[0]) / (to[0] - from[0])
    for (const part of [1, 2, 3] as const) table[level * 4 + part - 1] = from[part] + (to[part] - from[part]) * share
    table[level * 4 + 3] = 255
  }
  return table
}

/** One colour for each stem or label, the same wherever it is shown. */
const STEMS: Record<string, string> = {
  vocals: "#f0a23a",
  melody: "#f0a23a",
  drums: "#7cb7ff",
  percussion: "#7cb7ff",
  bass: "#b59cff",
  other: "#6fd0b5",
  chords: "#6fd0b5",
  guitar: "#ff9fb2",
  piano: "#d6d36a",
  accompaniment: "#6fd0b5",
}
const REST = ["#8ec7d2", "#c9a27e", "#9fd07a", "#d09fd0"]

export const colourOf = (name: string, place = 0): string => STEMS[name] ?? REST[place % REST.length] ?? "#8ec7d2"
