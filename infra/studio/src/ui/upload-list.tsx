/** What is on its way to the library. */

import { type Sending, size, uploads } from "../api/uploads"
import { to } from "../router"
import { useTimeLeft } from "./followed"
import { timeLeft } from "./format"
import { IconButton, Progress } from "./parts"

function told(one: Sending): string {
  const share = one.file.size ? Math.round((one.sent / one.file.size) * 100) : 0
  switch (one.stage) {
    case "waiting":
      return "Waiting its turn"
    case "sending":
      return `${size(one.sent)} of ${size(one.file.size)}, ${share} %${one.resumed ? ", going on where it stopped" : ""}`
    case "paused":
      return `Paused at ${share} %`
    case "offline":
      return `Connection lost at ${share} %. It goes on by itself`
    case "looking":
      return "Listening to it: tempo, key and shape"
    case "done":
      return "Ready"
    case "failed":
      return one.problem ?? "That did not work"
  }
}

export function Uploads({ all }: { all: readonly Sending[] }) {
  if (!all.length) return null
  return (
    <section class="uploads" aria-label="Uploads">
      <ul>
        {all.map((one) => (
          <Row key={one.key} one={one} />
        ))}
      </ul>
    </section>
  )
}

function Row({ one }: { one: Sending }) {
  const left_s = useTimeLeft(one.stage === "sending" && one.file.size ? one.sent / one.file.size : 0)
  return (
    <li class={one.stage}>
      <div class="about">
        {one.sampleId && one.stage === "done" ? (
          <a href={to("track", one.sampleId)} dir="auto">
            {one.file.name}
          </a>
        ) : (
          <span class="file" dir="auto">
            {one.file.name}
          </span>
        )}
        <span class="sub" role={one.stage === "failed" ? "alert" : "status"}>
          {told(one)}
          {one.stage === "sending" && left_s !== null && `, ${timeLeft(left_s)}`}
        </span>
      </div>
      {["sending", "offline", "paused", "looking"].includes(one.stage) && (
        <Progress value={one.stage === "looking" ? 1 : one.sent / one.file.size} label={`Upload of ${one.file.name}`} />
      )}
      <div class="acts">
        {(one.stage === "sending" || one.stage === "offline") && (
          <IconButton icon="pause" label={`Pause ${one.file.name}`} onClick={() => uploads.pause(one.key)} />
        )}
        {(one.stage === "paused" || (one.stage === "failed" && !one.hopeless)) && (
          <IconButton icon="play" label={`Go on with ${one.file.name}`} onClick={() => uploads.resume(one.key)} />
        )}
        {one.stage !== "looking" && (
          <IconButton icon="close" label={`Dismiss ${one.file.name}`} onClick={() => uploads.dismiss(one.key)} />
        )}
      </div>
    </li>
  )
}
