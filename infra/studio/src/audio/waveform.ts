/** The waveform of a song, by wavesurfer.js, with a stretch that can be looped. */

import WaveSurfer from "wavesurfer.js"
import Regions, { type Region } from "wavesurfer.js/dist/plugins/regions.esm.js"

export interface View {
  /** Seconds at the left edge, and how many CSS pixels a second is wide. */
  start: number
  perSecond: number
}

export interface Events {
  onView: (view: View) => void
  onLoop: (loop: { start: number; end: number } | null) => void
}

export class Waveform {
  private readonly surfer: WaveSurfer
  private readonly regions = Regions.create()
  private region: Region | null = null
  private fit: number
  private zoomed: number

  constructor(
    container: HTMLElement,
    readonly media: HTMLMediaElement,
    peaks: Float32Array,
    readonly duration: number,
    private readonly events: Events,
  ) {
    this.fit = Math.max(container.clientWidth, 1) / duration
    this.zoomed = 0
    this.surfer = WaveSurfer.create({
      container,
      media,
      peaks: [peaks],
      duration,
      height: 112,
      waveColor: "#5b6675",
      progressColor: "#f0a23a",
      cursorColor: "#fff6d6",
      cursorWidth: 1,
      normalize: false,
      hideScrollbar: false,
      autoCenter: true,
      plugins: [this.regions],
    })
    allowStyles(container)
    this.regions.enableDragSelection({ color: "rgba(240, 162, 58, 0.16)" })
    this.regions.on("region-created", (region) => this.keep(region))
    this.regions.on("region-updated", (region) => region === this.region && this.tellLoop())
    this.regions.on("region-double-clicked", () => this.clearLoop())
    media.addEventListener("timeupdate", this.around)
    for (const event of ["scroll", "zoom", "redraw", "resize", "ready"] as const)
      this.surfer.on(event, () => this.tellView())
  }

  get loop(): { start: number; end: number } | null {
    return this.region && { start: this.region.start, end: this.region.end }
  }

  /** Show this many times as much detail as when all of it is seen. */
  zoom(times: number): void {
    this.zoomed = times
    this.surfer.zoom(times <= 1 ? 0 : this.fit * times)
    this.tellView()
  }

  setLoop(start: number, end: number): void {
    this.clearLoop()
    this.regions.addRegion({ start, end, color: "rgba(240, 162, 58, 0.16)" })
  }

  clearLoop(): void {
    const region = this.region
    this.region = null
    region?.remove()
    this.events.onLoop(null)
  }

  destroy(): void {
    this.media.removeEventListener("timeupdate", this.around)
    this.surfer.destroy()
  }

  private readonly around = () => {
    const region = this.region
    if (region && !this.media.paused && this.media.currentTime >= region.end) this.media.currentTime = region.start
  }

  private keep(region: Region): void {
    if (this.region && this.region !== region) this.region.remove()
    this.region = region
    this.tellLoop()
  }

  private tellLoop(): void {
    this.events.onLoop(this.loop)
  }

  private tellView(): void {
    const width = this.surfer.getWidth()
    if (!width) return
    this.fit = width / this.duration
    const perSecond = this.zoomed > 1 ? this.fit * this.zoomed : this.fit
    this.events.onView({ start: this.surfer.getScroll() / perSecond, perSecond })
  }
}

/** The pages allow no inline styles: what the library wrote for its shadow root goes in as a style sheet. */
function allowStyles(container: HTMLElement): void {
  for (const host of container.querySelectorAll("*")) {
    const text = host.shadowRoot?.querySelector<HTMLTemplateElement>("template.sheet")?.innerHTML
    if (!host.shadowRoot || !text) continue
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(text)
    host.shadowRoot.adoptedStyleSheets = [sheet]
  }
}
