/** A spectrogram, made beside the page: one row of bytes for each column of the picture, low frequencies first. */

export interface SpectrumOrder {
  samples: Float32Array
  rateHz: number
  columns: number
  rows: number
}

const SIZE = 4096
const LOWEST_HZ = 40
const HIGHEST_HZ = 16_000
const RANGE_DB = 80

onmessage = ({ data }: MessageEvent<SpectrumOrder>) => {
  const picture = spectrogram(data)
  postMessage(picture, { transfer: [picture.buffer] })
}

/** (columns, rows) levels from 0 to 255; rows are spaced as pitches are. */
function spectrogram({ samples, rateHz, columns, rows }: SpectrumOrder): Uint8Array<ArrayBuffer> {
  const picture = new Uint8Array(columns * rows)
  const window = Float32Array.from({ length: SIZE }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / SIZE))
  const bins = binsOf(rows, rateHz)
  const [real, imaginary] = [new Float32Array(SIZE), new Float32Array(SIZE)]
  const power = new Float32Array(SIZE / 2 + 1)
  const hop = Math.max((samples.length - SIZE) / Math.max(columns - 1, 1), 0)
  for (let column = 0; column < columns; column++) {
    const from = Math.floor(column * hop)
    for (let n = 0; n < SIZE; n++) {
      real[n] = (samples[from + n] ?? 0) * (window[n] ?? 0)
      imaginary[n] = 0
    }
    transform(real, imaginary)
    for (let bin = 0; bin < power.length; bin++) power[bin] = (real[bin] ?? 0) ** 2 + (imaginary[bin] ?? 0) ** 2
    for (let row = 0; row < rows; row++) {
      const most = strongest(power, bins[row] ?? 1, bins[row + 1] ?? 1)
      const db = 10 * Math.log10(most / (SIZE / 4) ** 2 + 1e-12)
      picture[column * rows + row] = Math.round(255 * Math.min(Math.max((db + RANGE_DB) / RANGE_DB, 0), 1))
    }
  }
  return picture
}

/** The most that is between two places among the bins; where no bin lies between them, what lies at the first. */
function strongest(power: Float32Array, from: number, to: number): number {
  const [below, share] = [Math.floor(from), from % 1]
  let most = (power[below] ?? 0) * (1 - share) + (power[below + 1] ?? 0) * share
  for (let bin = Math.ceil(from); bin < to; bin++) most = Math.max(most, power[bin] ?? 0)
  return most
}

/** Where each row begins among the bins, and where the last ends. */
function binsOf(rows: number, rateHz: number): number[] {
  const highest = Math.min(HIGHEST_HZ, rateHz / 2)
  return Array.from(
    { length: rows + 1 },
    (_, row) => (LOWEST_HZ * (highest / LOWEST_HZ) ** (row / rows) * SIZE) / rateHz,
  )
}

/** Discrete Fourier transform in place, by halves (Cooley and Tukey, 1965). */
function transform(real: Float32Array, imaginary: Float32Array): void {
  for (let i = 1, j = 0; i < SIZE; i++) {
    let bit = SIZE >> 1
    for (; j & bit; bit >>= 1) j ^= bit
    j ^= bit
    if (i < j) {
      ;[real[i], real[j]] = [real[j] ?? 0, real[i] ?? 0]
      ;[imaginary[i], imaginary[j]] = [imaginary[j] ?? 0, imaginary[i] ?? 0]
    }
  }
  for (let length = 2; length <= SIZE; length <<= 1) {
    const half = length >> 1
    const [stepReal, stepImaginary] = [Math.cos((-2 * Math.PI) / length), Math.sin((-2 * Math.PI) / length)]
    for (let start = 0; start < SIZE; start += length) {
      let [turnReal, turnImaginary] = [1, 0]
      for (let k = start; k < start + half; k++) {
        const [a, b] = [real[k + half] ?? 0, imaginary[k + half] ?? 0]
        const [x, y] = [a * turnReal - b * turnImaginary, a * turnImaginary + b * turnReal]
        real[k + half] = (real[k] ?? 0) - x
        imaginary[k + half] = (imaginary[k] ?? 0) - y
        real[k] = (real[k] ?? 0) + x
        imaginary[k] = (imaginary[k] ?? 0) + y
        ;[turnReal, turnImaginary] = [
          turnReal * stepReal - turnImaginary * stepImaginary,
          turnReal * stepImaginary + turnImaginary * stepReal,
        ]
      }
    }
  }
}
