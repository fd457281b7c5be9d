// A program that was written for TwoShot's own servers, in the ways of the class in the vendor's document: everything
// is labelled as JSON, forms too, and every answer is read as JSON.
import fs from "node:fs"

class TwoShotClient {
  constructor(baseUrl, token) {
    Object.assign(this, { baseUrl, token })
  }

  async request(endpoint, options = {}) {
    const headers = { Authorization: `Bearer ${this.token}`, "Content-Type": "application/json", ...options.headers }
    const answer = await fetch(this.baseUrl + endpoint, { ...options, headers })
    if (!answer.ok) throw new Error(`API Error: ${answer.status}`)
    return answer.json()
  }

  uploadSample(file, metadata) {
    const form = new FormData()
    form.append("file", file)
    for (const [name, value] of Object.entries(metadata)) form.append(name, value)
    return this.request("/sample/audio", { method: "POST", body: form, headers: {} })
  }
}

const told = JSON.parse(process.argv[2])
const client = new TwoShotClient(told.endpoint, told.token)
const file = new File([fs.readFileSync(told.song)], "song.wav", { type: "audio/wav" })
const answer = { made: await client.uploadSample(file, { name: "My Drum Loop", public: "true", tags: "drums,loop" }) }
answer.sample = await client.request(`/sample/${answer.made.sampleId}`)
answer.user = await client.request("/user")
answer.played = await client.request(`/audio/${answer.made.audioId}/bpm`)
answer.refused = await client.request("/sample/1").catch((error) => error.message)
console.log(JSON.stringify(answer))
