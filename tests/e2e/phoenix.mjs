// Phoenix's own JavaScript client, unmodified, listening to one job.
import { Socket } from "phoenix"

const told = JSON.parse(process.argv[2])
const seen = []
const problems = []
const socket = new Socket(told.url, { params: { token: told.token }, timeout: told.longestMs > 10000 ? 20000 : 5000, heartbeatIntervalMs: 1000 })
socket.onError((error) => problems.push(String(error?.message ?? error)))
socket.connect()

const joined = (channel) =>
  new Promise((resolve) => {
    channel
      .join()
      .receive("ok", (reply) => resolve({ status: "ok", reply }))
      .receive("error", (reply) => resolve({ status: "error", reply }))
      .receive("timeout", () => resolve({ status: "timeout" }))
  })
const asked = (push) =>
  new Promise((resolve) => {
    push
      .receive("ok", () => resolve("ok"))
      .receive("error", (reply) => resolve(reply.reason))
      .receive("timeout", () => resolve("timeout"))
  })
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

const channel = socket.channel(`jobs:${told.job}`, {})
const over = new Promise((resolve) => {
  for (const event of ["job:progress", "job:completed", "job:failed", "pipeline:progress", "pipeline:complete"]) {
    channel.on(event, (payload) => {
      seen.push({ event, payload, at: Date.now() })
      if (event === "pipeline:complete" || event === "job:failed") resolve()
    })
  }
})
const pong = new Promise((resolve) => channel.on("pong", (payload) => resolve(payload)))
const own = await Promise.race([joined(channel), wait(told.longestMs).then(() => ({ status: "timeout" }))])
if (own.status !== "ok") {
  console.log(JSON.stringify({ own, problems }))
  process.exit(0)
}
const pinged = await asked(channel.push("ping", {}))
const answered = await Promise.race([pong, wait(10000)])
const other = await joined(socket.channel(`jobs:${told.other}`, {}))
await Promise.race([over, wait(told.longestMs)])
const left = await asked(channel.leave())
await wait(1500) // a heartbeat goes by
const open = socket.isConnected()
socket.disconnect()
console.log(JSON.stringify({ own, pinged, pong: Boolean(answered), other, seen, left, open, problems }))
process.exit(0)
