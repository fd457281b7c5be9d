/** Peaks of what goes through a node, in dB below full scale, left and right. */

const FLOOR_DB = -60
const FRAMES = 2048

export class Meter {
  private readonly sides: AnalyserNode[]
  private readonly frames = new Float32Array(FRAMES)

  constructor(context: BaseAudioContext, node: AudioNode) {
    const split = context.createChannelSplitter(2)
    node.connect(split)
    this.sides = [0, 1].map((side) => {
      const analyser = context.createAnalyser()
      analyser.fftSize = FRAMES
      split.connect(analyser, side)
      return analyser
    })
  }

  /** The latest samples of the left side, oldest first. */
  latest(): Float32Array {
    this.sides[0]?.getFloatTimeDomainData(this.frames)
    return this.frames.slice()
  }

  read(): [number, number] {
    const [left = FLOOR_DB, right = FLOOR_DB] = this.sides.map((side) => {
      side.getFloatTimeDomainData(this.frames)
      let most = 0
      for (const frame of this.frames) most = Math.max(most, Math.abs(frame))
      return Math.max(20 * Math.log10(most || 1e-9), FLOOR_DB)
    })
    return [left, right]
  }
}

/** Where a level is on a meter: 0 at -60 dB, 1 at full scale. */
export const share = (db: number): number => Math.min(Math.max((db - FLOOR_DB) / -FLOOR_DB, 0), 1)
