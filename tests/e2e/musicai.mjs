// The vendor's JavaScript client, unmodified, through everything it can do.
import fs from "node:fs"
import { MusicAi } from "@music.ai/sdk"

const told = JSON.parse(process.argv[2])
const client = new MusicAi({ apiKey: told.key, apiEndpoint: told.endpoint, jobMonitorInterval: 200 })
const message = async (call) => {
  try {
    await call()
    return null
  } catch (error) {
    return error.message
  }
}

const answer = { application: await client.getApplicationInfo(), workflows: await client.listWorkflows({ size: 100 }) }
const inputUrl = await client.uploadFile(told.song)
const id = await client.addJob({
  name: "from JavaScript",
  workflow: "stem-isolation-4",
  params: { inputUrl },
  metadata: { user: 123, client: "js" },
})
answer.job = await client.waitForJobCompletion(id)
answer.downloaded = await client.downloadJobResults(answer.job, told.folder)
answer.files = fs.readdirSync(told.folder).sort()
answer.listed = (await client.listJobs({ status: ["SUCCEEDED", "FAILED"], workflow: ["stem-isolation-4"], size: [5] })).map(
  (job) => job.id,
)
answer.deleted = await client.deleteJob(id)
answer.afterDelete = await message(() => client.getJob(id))

const badUrl = await client.uploadFile(told.notAudio)
const badId = await client.addJob("bad", "stem-isolation-4", { inputUrl: badUrl })
answer.bad = await client.waitForJobCompletion(badId)
answer.badDownload = await message(() => client.downloadJobResults(badId, told.folder))
answer.unknownWorkflow = await message(() => client.addJob("x", "no-such-workflow", { inputUrl }))
answer.badParams = await message(() => client.addJob("x", "stem-isolation-4", { inputUrl, colour: "red" }))
const stranger = new MusicAi({ apiKey: "wrong", apiEndpoint: told.endpoint })
answer.wrongKey = await message(() => stranger.getApplicationInfo())
console.log(JSON.stringify(answer))
